"""Deliveries, events that providers reported about them, and the shards of an edition."""

import datetime as dt

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from digest import clock
from digest.admin.base import outcome_of, papers_of
from digest.delivery import shards
from digest.email import reader_urls
from digest.models import Delivery, DeliveryEvent, Paper, Shard
from digest.personalization import snapshot
from subscriptions import audit
from subscriptions.admin.base import NamesReaderAdmin, ReadOnlyAdmin, breakable, log_action
from subscriptions.admin.filters import NamedValuesFilter, SelectFilter, dates
from subscriptions.pills import pill

BOUNCES = ("hard", "soft", "policy")  # the classes that say more than the type of the event


@admin.register(Delivery)
class DeliveryAdmin(NamesReaderAdmin, ReadOnlyAdmin, admin.ModelAdmin[Delivery]):
    empty_text = "No digests yet. After an edition closes, each reader’s is planned for their own hour."
    list_display = ["reader", "day", "outcome", "sent_at", "queued_at"]
    list_filter = ["status", ("queued_at", dates("queued")), ("edition", SelectFilter)]
    search_fields = ["subscriber__email", "reason", "provider_id"]
    list_select_related = ["edition", "subscriber"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["edition", "subscriber", "state", "reason", "sent_at", "attempts", "holds"]}),
        ("Internals", {"fields": ["queued_at", "not_before", "provider_id", "call"], "classes": ["collapse"]}),
    ]
    readonly_fields = ["holds", "state"]
    actions = ["try_failed_again", "send_uncertain_again", "leave_uncertain"]

    @admin.display(ordering="edition__day", description="edition")
    def day(self, delivery: Delivery) -> dt.date:
        return delivery.edition.day

    @admin.display(description="papers")
    def holds(self, delivery: Delivery) -> str:
        """Return the papers of the digest, each with the reasons for it, and a link to the copy that readers see."""
        if "for_you" not in delivery.papers:
            return "None, or already deleted."
        papers = Paper.objects.in_bulk(snapshot.votes(delivery.papers))
        digest = snapshot.restore(delivery.papers, delivery.edition.day, papers)
        copy = reader_urls.digest_url(delivery.subscriber, delivery.edition_id)
        return format_html('{}<p><a href="{}">View as emailed</a></p>', papers_of(digest.matches), copy)

    @admin.display(description="status")
    def state(self, delivery: Delivery) -> str:
        return pill(delivery.status)

    @admin.display(ordering="status")
    def outcome(self, delivery: Delivery) -> str:
        tries = f", {delivery.attempts} tries" if delivery.attempts > 1 else ""
        return outcome_of(delivery.status, delivery.reason, text=f"{delivery.status}{tries}")

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_delivery")

    @admin.action(description="Retry failed deliveries", permissions=["requeue"])
    def try_failed_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.FAILED)

    @admin.action(description="Resend uncertain deliveries (may arrive twice)", permissions=["requeue"])
    def send_uncertain_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.UNCERTAIN)

    @admin.action(description="Leave uncertain deliveries unsent", permissions=["requeue"])
    def leave_uncertain(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        _log(request, queryset.filter(status=Delivery.Status.UNCERTAIN), "Left as uncertain.")
        left = shards.leave_uncertain(queryset)
        self.message_user(request, f"{left} left unchanged. They will no longer be reported.")

    def _requeue(self, request: HttpRequest, queryset: QuerySet[Delivery], status: str) -> None:
        chosen = queryset.count()
        _log(request, queryset.filter(status=status), "Queued again.")
        done = shards.queue_again(queryset.filter(status=status), now=clock.now())
        self.message_user(request, f"{done} queued again. {chosen - done} skipped: not {status}.")


def _log(request: HttpRequest, deliveries: QuerySet[Delivery], message: str) -> None:
    # In batches, because all deliveries of an edition may be selected.
    log_action(request, deliveries.defer("papers").iterator(audit.ROWS_AT_ONCE), message)


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(ReadOnlyAdmin, admin.ModelAdmin[DeliveryEvent]):
    empty_text = "No reports yet. The provider’s webhook reports bounces, complaints and deliveries."
    list_display = ["event", "happened_at", "digest", "detail"]
    list_filter = ["event_type", ("meaning", NamedValuesFilter), "happened_at"]
    show_full_result_count = False
    search_fields = ["delivery__subscriber__email", "detail"]
    list_select_related = ["delivery__edition", "delivery__subscriber"]

    @admin.display(ordering="event_type")
    def event(self, event: DeliveryEvent) -> str:
        return pill(event.event_type, f"{event.event_type}: {event.meaning}" if event.meaning in BOUNCES else "")

    @admin.display(ordering="delivery")
    def digest(self, event: DeliveryEvent) -> str:
        """Return the reader and the edition, with a link to the delivery. Reports about other emails have none."""
        if event.delivery is None:
            return "-"
        page = reverse("admin:digest_delivery_change", args=[event.delivery.pk])
        address = breakable(event.delivery.subscriber.email)
        return format_html('<a href="{}">{}</a><p>{}</p>', page, address, event.delivery.edition)


@admin.register(Shard)
class ShardAdmin(ReadOnlyAdmin, admin.ModelAdmin[Shard]):
    list_display = ["edition", "first", "last", "size", "worker", "lease_until", "not_before", "crashes", "done_at"]
    list_filter = [("done_at", admin.EmptyFieldListFilter), ("edition", SelectFilter)]
    search_fields = ["worker"]
    list_select_related = ["edition"]
    show_full_result_count = False
