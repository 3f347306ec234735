"""Addresses that must not be mailed."""

from django.contrib import admin
from django.http import HttpRequest

from subscriptions.models import Suppression


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin[Suppression]):
    list_display = ["address_hash", "reason", "created_at"]
    list_filter = ["reason", "created_at"]
    search_fields = ["address_hash"]
    readonly_fields = ["address_hash", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
