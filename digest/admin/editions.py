"""What was published, and why some days were quiet."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from digest.admin.base import ReadOnlyAdmin
from digest.models import Edition, QuietDay


@admin.register(Edition)
class EditionAdmin(admin.ModelAdmin[Edition]):
    list_display = ["day", "paper_count", "digests", "published_at", "mail_from"]
    list_per_page = 30
    list_filter = ["published_at", "mail_from"]
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


@admin.register(QuietDay)
class QuietDayAdmin(ReadOnlyAdmin, admin.ModelAdmin[QuietDay]):
    list_display = ["day", "cause", "reason"]
    search_fields = ["reason"]
    date_hierarchy = "day"
