"""What came in, what went out, what failed and why. Nothing here can send a mail twice."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from digest import collecting
from digest.models import (
    Delivery,
    DeliveryEvent,
    Edition,
    FetchRun,
    Listing,
    Paper,
    PaperAlias,
    QuietDay,
    Source,
    Turn,
    Validator,
)


class ReadOnlyAdmin:
    """A log: to be looked at, not to be changed."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnsALogAdmin:
    """What has a log that nobody may delete, and that goes with it all the same."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows, counts, _, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        return rows, counts, set(), protected


@admin.register(Source)
class SourceAdmin(OwnsALogAdmin, admin.ModelAdmin[Source]):
    list_display = ["name", "kind", "key", "is_active", "last_run", "last_message"]
    list_editable = ["is_active"]
    list_filter = ["kind", "is_active"]
    search_fields = ["name", "key"]
    actions = ["fetch_now"]

    @admin.display(description="last run")
    def last_run(self, source: Source) -> str:
        run = source.runs.first()
        return f"{run.started_at:%Y-%m-%d %H:%M} UTC: {run.get_status_display()}" if run else "never"

    @admin.display(description="what it said")
    def last_message(self, source: Source) -> str:
        run = source.runs.first()
        return run.message[:200] if run else ""

    @admin.action(description="Fetch today's papers from the selected sources now")
    def fetch_now(self, request: HttpRequest, queryset: QuerySet[Source]) -> None:
        for source in queryset:
            run = collecting.collect_one(source, timezone.now().date())
            self.message_user(
                request, f"{source}: {run.get_status_display()}. {run.new} new, {run.changed} changed. {run.message}"
            )


@admin.register(FetchRun)
class FetchRunAdmin(ReadOnlyAdmin, admin.ModelAdmin[FetchRun]):
    list_display = ["source", "day", "status", "new", "changed", "rejected", "seconds", "started_at", "message"]
    list_filter = ["status", "source", "started_at"]
    search_fields = ["message"]
    date_hierarchy = "started_at"
    list_select_related = ["source"]


class ListingInline(admin.TabularInline[Listing, Paper]):
    model = Listing
    extra = 0
    can_delete = False
    readonly_fields = ["source", "day", "votes", "comments", "announce_type", "submitter"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Paper)
class PaperAdmin(OwnsALogAdmin, admin.ModelAdmin[Paper]):
    list_display = ["title", "votes", "is_pinned", "is_hidden", "edition", "edition_votes", "key", "first_seen_at"]
    list_editable = ["is_pinned", "is_hidden"]
    list_filter = ["is_pinned", "is_hidden", "first_seen_at", "listings__source"]
    search_fields = ["title", "key", "abstract", "authors"]
    autocomplete_fields = ["edition"]
    date_hierarchy = "first_seen_at"
    list_select_related = ["edition"]
    inlines = [ListingInline]
    show_full_result_count = False


@admin.register(Listing)
class ListingAdmin(ReadOnlyAdmin, admin.ModelAdmin[Listing]):
    list_display = ["paper", "source", "day", "votes", "comments", "announce_type", "submitter"]
    list_filter = ["source", "day", "announce_type"]
    search_fields = ["paper__title", "paper__key"]
    list_select_related = ["paper", "source"]
    show_full_result_count = False


@admin.register(Edition)
class EditionAdmin(admin.ModelAdmin[Edition]):
    list_display = ["day", "paper_count", "digests", "published_at", "mail_from"]
    list_per_page = 30
    search_fields = ["day", "note_before", "note_after"]
    date_hierarchy = "day"
    readonly_fields = ["day", "published_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        return super().get_queryset(request).annotate(paper_count=Count("papers", distinct=True))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # editions are published from what came in, by the clock or by publish_edition

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its papers would come once more, in the next one

    @admin.display(ordering="paper_count", description="papers")
    def paper_count(self, edition: Edition) -> int:
        count: int = edition.paper_count  # type: ignore[attr-defined]  # annotated above
        return count

    @admin.display(description="digests")
    def digests(self, edition: Edition) -> str:
        counts = edition.deliveries.order_by().values_list("status").annotate(Count("pk"))
        return ", ".join(f"{number} {status}" for status, number in sorted(counts)) or "none"


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin, admin.ModelAdmin[Turn]):
    list_display = ["host", "free_at"]
    search_fields = ["host"]


@admin.register(Validator)
class ValidatorAdmin(ReadOnlyAdmin, admin.ModelAdmin[Validator]):
    list_display = ["source", "address", "etag", "last_modified"]
    search_fields = ["address"]
    list_select_related = ["source"]


@admin.register(PaperAlias)
class PaperAliasAdmin(ReadOnlyAdmin, admin.ModelAdmin[PaperAlias]):
    list_display = ["key", "paper"]
    search_fields = ["key", "paper__title"]
    list_select_related = ["paper"]


@admin.register(QuietDay)
class QuietDayAdmin(ReadOnlyAdmin, admin.ModelAdmin[QuietDay]):
    list_display = ["day", "reason"]
    search_fields = ["reason"]
    date_hierarchy = "day"


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin, admin.ModelAdmin[Delivery]):
    list_display = ["edition", "subscriber", "status", "sent_at", "reason", "attempts", "queued_at"]
    list_filter = ["status", "edition", "queued_at"]
    search_fields = ["subscriber__email", "reason", "provider_id"]
    date_hierarchy = "queued_at"
    list_select_related = ["edition", "subscriber"]
    show_full_result_count = False
    actions = ["try_failed_again", "send_uncertain_again"]

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_delivery")

    @admin.action(description="Try the failed ones again", permissions=["requeue"])
    def try_failed_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.FAILED)

    @admin.action(description="Send the uncertain ones again (they may come twice)", permissions=["requeue"])
    def send_uncertain_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._requeue(request, queryset, Delivery.Status.UNCERTAIN)

    def _requeue(self, request: HttpRequest, queryset: QuerySet[Delivery], status: str) -> None:
        chosen = queryset.count()
        again = {"status": Delivery.Status.QUEUED, "attempts": 0, "not_before": timezone.now()}
        done = queryset.filter(status=status).update(**again)
        self.message_user(request, f"{done} queued again. {chosen - done} left alone: not {status}.")


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(ReadOnlyAdmin, admin.ModelAdmin[DeliveryEvent]):
    list_display = ["event_type", "happened_at", "delivery", "detail"]
    list_filter = ["event_type", "happened_at"]
    search_fields = ["delivery__subscriber__email", "detail"]
    date_hierarchy = "happened_at"
    list_select_related = ["delivery"]
