"""The page of the installation: its identity, and how far it has sent."""

from django.contrib import admin

from digest.models import Installation
from subscriptions.admin.base import ReadOnlyAdmin


@admin.register(Installation)
class InstallationAdmin(ReadOnlyAdmin, admin.ModelAdmin[Installation]):
    list_display = ["incarnation", "position", "behind_since", "behind_reason", "counted_until"]
    search_fields = ["behind_reason"]
    fields = ["incarnation", "position", "behind_since", "behind_reason", "counted_until", "counted_through"]
