"""The read-only pages: consents, devices, unsubscribe reasons, the queues and the counts of the abuse limits."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from subscriptions.admin.base import FindsAddressesAdmin, NamesReaderAdmin, ReadOnlyAdmin
from subscriptions.admin.large_tables import FindsReadersAdmin, LargeTableAdmin
from subscriptions.models import Consent, ConsentText, Device, Farewell, FormPost, Mark, OwedNotice


class LogAdmin(ReadOnlyAdmin, LargeTableAdmin, admin.ModelAdmin[Any]):
    """A log that grows with the readers."""


@admin.register(Consent)
class ConsentAdmin(FindsAddressesAdmin, LogAdmin):
    list_display = ["happened_at", "event", "reader_uid", "where", "text_version", "ip"]
    list_filter = ["event", "happened_at"]
    search_fields = ["reader_uid", "address_hash"]
    search_help_text = "A reader’s uid, or a whole email address."
    ordering = ["-happened_at"]
    sortable_by = ["happened_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by uid or address, each as a whole: indexes need that."""
        term = search_term.strip()
        if not term or "@" in term:
            return super().get_search_results(request, queryset, term)
        with suppress(ValueError):
            return queryset.filter(reader_uid=uuid.UUID(term)), False
        return queryset.filter(address_hash=term), False


@admin.register(ConsentText)
class ConsentTextAdmin(ReadOnlyAdmin, admin.ModelAdmin[ConsentText]):
    list_display = ["version", "language", "text", "first_used_at"]
    search_fields = ["version", "text"]


@admin.register(Farewell)
class FarewellAdmin(LogAdmin):
    empty_text = "No reasons yet. Readers may give one when they unsubscribe."
    list_display = ["day", "reason", "remark"]
    list_filter = ["reason", "day"]
    search_fields = ["remark"]


@admin.register(Device)
class DeviceAdmin(NamesReaderAdmin, FindsReadersAdmin, LogAdmin):
    search_help_text = "A reader’s email address, or a part of it."
    list_display = ["reader", "label", "signed_in_at", "last_seen_on"]
    fields = ["subscriber", "label", "signed_in_at", "last_seen_on"]
    search_fields = ["subscriber__email"]
    list_select_related = ["subscriber"]


@admin.register(OwedNotice)
class OwedNoticeAdmin(NamesReaderAdmin, LogAdmin):
    """Emails that wait to be sent: usually none."""

    list_display = ["asked_at", "kind", "reader", "to", "claimed_at"]
    ordering = ["pk"]
    list_filter = ["kind"]
    search_fields = ["subscriber__email", "to"]
    list_select_related = ["subscriber"]


@admin.register(FormPost)
class FormPostAdmin(LogAdmin):
    """Form posts that wait for a worker: usually none."""

    list_display = ["posted_at", "kind", "email"]
    ordering = ["pk"]
    list_filter = ["kind"]
    search_fields = ["email"]


@admin.register(Mark)
class MarkAdmin(LogAdmin):
    list_display = ["made_at", "key"]
    search_fields = ["key"]
