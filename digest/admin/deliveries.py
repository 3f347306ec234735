"""What became of each mail."""

import datetime as dt

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from digest import clock
from digest.admin.base import outcome_of
from digest.delivery import shards
from digest.email import bold_terms, reader_urls, reasons
from digest.matching import Match
from digest.models import Delivery, DeliveryEvent, Paper, Shard
from digest.personalization import snapshot
from digest.text.cleanup import first_sentences
from subscriptions.admin.base import LOGGED_AT_ONCE, ReadOnlyAdmin, log_action

BAD = (Delivery.Status.FAILED, Delivery.Status.UNCERTAIN)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin, admin.ModelAdmin[Delivery]):
    list_display = ["subscriber", "day", "outcome", "sent_at", "queued_at"]
    list_filter = ["status", "edition", "queued_at"]
    search_fields = ["subscriber__email", "reason", "provider_id"]
    list_select_related = ["edition", "subscriber"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["edition", "subscriber", "status", "reason", "sent_at", "attempts", "holds"]}),
        ("Machinery", {"fields": ["queued_at", "not_before", "provider_id", "call"], "classes": ["collapse"]}),
    ]
    readonly_fields = ["holds"]
    actions = ["try_failed_again", "send_uncertain_again", "leave_uncertain"]

    @admin.display(ordering="edition__day", description="edition")
    def day(self, delivery: Delivery) -> dt.date:
        return delivery.edition.day

    @admin.display(description="papers")
    def holds(self, delivery: Delivery) -> str:
        """What was mailed: each paper with why it was chosen, and a link to the copy that readers see."""
        if "for_you" not in delivery.papers:
            return "None, or no longer kept."
        papers = Paper.objects.in_bulk(snapshot.votes(delivery.papers))
        digest = snapshot.restore(delivery.papers, delivery.edition.day, papers)
        copy = reader_urls.digest_url(delivery.subscriber, delivery.edition_id)
        rows = format_html_join("", '<li><a href="{}">{}</a><p>{}</p><ul>{}</ul></li>', map(_row_of, digest.matches))
        return format_html('<ol class="holds">{}</ol><p><a href="{}">View as it was mailed</a></p>', rows, copy)

    @admin.display(ordering="status")
    def outcome(self, delivery: Delivery) -> str:
        tries = f", {delivery.attempts} tries" if delivery.attempts > 1 else ""
        return outcome_of(f"{delivery.status}{tries}", delivery.reason, is_bad=delivery.status in BAD)

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_delivery")

    @admin.action(description="Try the failed ones again", permissions=["requeue"])
    def try_failed_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.FAILED)

    @admin.action(description="Send the uncertain ones again (they may come twice)", permissions=["requeue"])
    def send_uncertain_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.UNCERTAIN)

    @admin.action(description="Leave the uncertain ones as they are", permissions=["requeue"])
    def leave_uncertain(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        _log(request, queryset.filter(status=Delivery.Status.UNCERTAIN), "Left as uncertain.")
        left = shards.leave_uncertain(queryset)
        self.message_user(request, f"{left} left as they are; they are not told of any more.")

    def _requeue(self, request: HttpRequest, queryset: QuerySet[Delivery], status: str) -> None:
        chosen = queryset.count()
        _log(request, queryset.filter(status=status), "Queued again.")
        done = shards.queue_again(queryset.filter(status=status), now=clock.now())
        self.message_user(request, f"{done} queued again. {chosen - done} left alone: not {status}.")


def _log(request: HttpRequest, deliveries: QuerySet[Delivery], message: str) -> None:
    log_action(request, deliveries.defer("papers").iterator(LOGGED_AT_ONCE), message)  # all of an edition may be chosen


def _row_of(match: Match) -> tuple[str, str, str, str]:
    """The paper's page in the admin, its title, what was found in it in bold, and a line for each filter that did."""
    paper: Paper = match.paper  # type: ignore[assignment]  # restored from these
    said = [(line,) for line in map(reasons.why, match.findings) if line] or [("trending",)]
    lines = format_html_join("", "<li>{}</li>", said)
    shown = bold_terms.emphasized(paper.summary or first_sentences(paper.abstract, 280), match.findings)
    return reverse("admin:digest_paper_change", args=[paper.pk]), paper.title, shown, lines


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(ReadOnlyAdmin, admin.ModelAdmin[DeliveryEvent]):
    list_display = ["event_type", "meaning", "happened_at", "delivery", "detail"]
    list_filter = ["event_type", "meaning", "happened_at"]
    show_full_result_count = False
    search_fields = ["delivery__subscriber__email", "detail"]
    list_select_related = ["delivery"]


@admin.register(Shard)
class ShardAdmin(ReadOnlyAdmin, admin.ModelAdmin[Shard]):
    list_display = ["edition", "first", "last", "size", "worker", "lease_until", "not_before", "crashes", "done_at"]
    list_filter = [("done_at", admin.EmptyFieldListFilter), "edition"]
    search_fields = ["worker"]
    list_select_related = ["edition"]
    show_full_result_count = False
