"""Deliveries, events that providers reported about them, and the shards of an edition."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html

from digest import clock
from digest.admin import bulk
from digest.admin.base import outcome_of, papers_of
from digest.admin.bulk import row_action
from digest.delivery import pauses
from digest.delivery.events.classification import EventClass
from digest.email import reader_urls, repeats
from digest.models import Delivery, DeliveryEvent, Paper, Shard
from digest.ops.jobs import delivery_jobs
from digest.personalization import snapshot
from subscriptions.admin.base import NamesReaderAdmin, ReadOnlyAdmin, breakable, log_action
from subscriptions.admin.filters import SelectFilter, dates
from subscriptions.admin.large_tables import FindsReadersAdmin, known_values
from subscriptions.email import send_errors
from subscriptions.pills import pill

BY_ADDRESS = "An email address, or a part of it."
EVENT_TYPES = ("delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed", "failed", "unknown")
REPEAT = (
    "{reader} gets the digest of {day} again at once: the same papers, with a note that it is a repeat, and a new "
    "Message-ID. The delivery itself does not change."
)
BOUNCES = ("hard", "soft", "policy")  # the classes that say more than the type of the event


@admin.register(Delivery)
class DeliveryAdmin(FindsReadersAdmin, NamesReaderAdmin, ReadOnlyAdmin, admin.ModelAdmin[Delivery]):
    empty_text = "No digests yet. After an edition closes, each reader’s is planned for their own hour."
    list_display = ["reader", "day", "outcome", "sent_at", "queued_at"]
    list_filter = ["status", ("queued_at", dates("queued")), ("edition", SelectFilter)]
    search_fields = ["subscriber__email"]
    search_help_text = BY_ADDRESS
    list_per_page = 50
    ordering = ["-queued_at"]
    fieldsets = [
        (None, {"fields": ["edition", "subscriber", "state", "reason", "sent_at", "attempts", "holds"]}),
        ("Internals", {"fields": ["queued_at", "not_before", "provider_id", "call"], "classes": ["collapse"]}),
    ]
    readonly_fields = ["holds", "state"]
    actions = ["skip", "count_as_sent", "try_failed_again", "send_uncertain_again", "leave_uncertain", "queue_skipped"]
    skip = row_action(
        delivery_jobs.SKIP,
        ["requeue"],
        result="skipped. They are not sent.",
        warning="Those that are queued will not be sent. Emails in flight are left to their worker.",
        asks=True,
    )
    count_as_sent = row_action(
        delivery_jobs.COUNT_AS_SENT,
        ["requeue"],
        result="counted as sent. They are not sent.",
        warning="Those that are queued will not be sent, and are listed as sent.",
        asks=True,
    )
    try_failed_again = row_action(delivery_jobs.RETRY_FAILED, ["requeue"], result="queued again.")
    send_uncertain_again = row_action(
        delivery_jobs.RESEND_UNCERTAIN,
        ["requeue"],
        result="queued again.",
    )
    leave_uncertain = row_action(
        delivery_jobs.LEAVE_UNCERTAIN,
        ["requeue"],
        result="left unchanged. They will no longer be reported.",
    )
    queue_skipped = row_action(
        delivery_jobs.QUEUE_SKIPPED,
        ["requeue"],
        result="queued again.",
        warning="Those that were skipped are queued as if for the first time: papers are chosen again, by what each "
        "reader follows now, and readers for whom nothing matches are skipped again. Sent ones stay as they are.",
        asks=True,
    )

    def get_fieldsets(self, request: HttpRequest, obj: Delivery | None = None) -> Any:
        """Return the fieldsets. A delivery without a reason, such as one that was sent, has no field for it."""
        (_, shown), internals = self.fieldsets
        fields = [field for field in shown["fields"] if field != "reason" or (obj and obj.reason)]
        return [(None, {"fields": fields}), internals]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows = super().get_queryset(request).select_related("edition", "subscriber")
        return rows if request.resolver_match and "object_id" in request.resolver_match.kwargs else rows.defer("papers")

    def get_ordering(self, request: HttpRequest) -> Any:
        """Return the order by time, or of one edition by reader: each has an index."""
        return ["-edition_id", "-subscriber_id"] if _is_of_one_edition(request) else super().get_ordering(request)

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return () if _is_of_one_edition(request) else ("queued_at",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resend_view)
        return [path("<int:pk>/resend/", view, name="digest_delivery_resend"), *super().get_urls()]

    def resend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask whether to send the digest to its reader again. A POST sends it."""
        if not self.has_requeue_permission(request):
            raise PermissionDenied
        delivery = Delivery.objects.select_related("edition", "subscriber").filter(pk=pk).first()
        if delivery is None:
            raise Http404(f"There is no delivery {pk}.")
        if request.method != "POST":
            page = reverse("admin:digest_delivery_change", args=[pk])
            about = REPEAT.format(reader=delivery.subscriber.email, day=date_format(delivery.edition.day))
            return bulk.confirmation(self, request, "Send it again", 1, about, is_job=False, of="digest", back=page)
        try:
            _resend(request, delivery)
        except repeats.CannotRepeatError as error:
            messages.error(request, f"Not sent. {error}")
        except Exception as error:
            messages.error(request, f"Not sent. {send_errors.classify(error).reason}")
        else:
            messages.success(request, "Sent again.")
        return HttpResponseRedirect(reverse("admin:digest_delivery_change", args=[pk]))

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

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        delivery: Delivery = kwargs["obj"]
        heading = f"Digest of {date_format(delivery.edition.day)} for {delivery.subscriber.email}"
        return super().render_change_form(request, context | {"heading": heading, "crumb": heading}, *args, **kwargs)


def _is_of_one_edition(request: HttpRequest) -> bool:
    return bool(request.GET.get("edition__id__exact"))


def _resend(request: HttpRequest, delivery: Delivery) -> None:
    pause = pauses.current()
    if pause:
        raise repeats.CannotRepeatError(f"{pause}: {pause.reason}")
    repeats.check(delivery)
    log_action(request, [delivery], "Sent again.")  # before, because an email can't be undone
    repeats.send_again(delivery, now=clock.now())


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(FindsReadersAdmin, ReadOnlyAdmin, admin.ModelAdmin[DeliveryEvent]):
    empty_text = "No reports yet. The provider’s webhook reports bounces, complaints and deliveries."
    list_display = ["event", "happened_at", "digest", "detail"]
    list_per_page = 50
    ordering = ["-happened_at"]
    sortable_by = ["happened_at"]
    list_filter = [
        ("event_type", known_values(*EVENT_TYPES)),
        ("meaning", known_values(*EventClass)),
        ("happened_at", dates("date")),
    ]
    search_fields = ["delivery__subscriber__email"]
    search_help_text = BY_ADDRESS
    reader_lookup = "delivery__subscriber"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryEvent]:
        rows = super().get_queryset(request).select_related("delivery__edition", "delivery__subscriber")
        return rows.defer("delivery__papers")

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
