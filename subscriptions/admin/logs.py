"""What readers agreed to, why they left, what waits, and what is counted."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from subscriptions import subscribers
from subscriptions.admin.base import ReadOnlyAdmin
from subscriptions.models import Consent, ConsentText, Farewell, FormPost, Mark, OwedNotice


class LogAdmin(ReadOnlyAdmin, admin.ModelAdmin[Any]):
    show_full_result_count = False


@admin.register(Consent)
class ConsentAdmin(LogAdmin):
    list_display = ["happened_at", "event", "reader_uid", "where", "text_version", "ip"]
    list_filter = ["event", "happened_at"]
    search_fields = ["reader_uid", "address_hash", "text_version"]
    search_help_text = "A reader’s uid, or an e-mail address."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "@" in search_term:  # the log has hashes alone, and they are of whole addresses
            return queryset.filter(address_hash=subscribers.address_hash(search_term)), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(ConsentText)
class ConsentTextAdmin(LogAdmin):
    list_display = ["version", "language", "text", "first_used_at"]
    search_fields = ["version", "text"]


@admin.register(Farewell)
class FarewellAdmin(LogAdmin):
    list_display = ["day", "reason", "remark"]
    list_filter = ["reason", "day"]
    search_fields = ["remark"]


@admin.register(OwedNotice)
class OwedNoticeAdmin(LogAdmin):
    """What has yet to leave: usually nothing."""

    list_display = ["asked_at", "kind", "subscriber", "to", "claimed_at"]
    list_filter = ["kind"]
    search_fields = ["subscriber__email", "to"]
    list_select_related = ["subscriber"]


@admin.register(FormPost)
class FormPostAdmin(LogAdmin):
    """What waits for its turn: usually nothing."""

    list_display = ["posted_at", "kind", "email"]
    list_filter = ["kind"]
    search_fields = ["email"]


@admin.register(Mark)
class MarkAdmin(LogAdmin):
    list_display = ["made_at", "key"]
    search_fields = ["key"]
