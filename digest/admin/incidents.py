"""Incidents, and the heartbeats of processes and queues."""

from django.contrib import admin

from digest.models import Heartbeat, Incident
from subscriptions.admin.base import ReadOnlyAdmin


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin, admin.ModelAdmin[Incident]):
    empty_text = "No incident yet. Operators are alerted to each, when it begins and when it ends."
    list_display = ["heading", "began_at", "ended_at", "alerted_at", "end_alerted_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter)]
    search_fields = ["key", "heading", "text"]
    date_hierarchy = "began_at"


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin, admin.ModelAdmin[Heartbeat]):
    empty_text = "No heartbeat yet. Beat, workers and web processes leave one every half minute."
    list_display = ["name", "kind", "at", "own_clock", "host", "version", "queues", "free_mb", "waited", "depth"]
    list_filter = ["kind"]
    search_fields = ["name", "host"]
