"""Incidents, and the heartbeats of processes and queues."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from digest.models import Heartbeat, Incident
from subscriptions.admin.base import ReadOnlyAdmin
from subscriptions.pills import pill


class OpenOrEnded(admin.SimpleListFilter):
    """A filter of rows by whether they have ended."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("open", "ended"):
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "open")


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin, admin.ModelAdmin[Incident]):
    empty_text = "No incident yet. Operators are alerted to each, when it begins and when it ends."
    list_display = ["heading", "state", "began_at", "ended_at", "alerted_at"]
    list_filter = [OpenOrEnded]
    search_fields = ["key", "heading", "text"]
    search_help_text = "Words of the heading or the text."
    readonly_fields = ["state", "what_to_do"]
    fieldsets = [
        (None, {"fields": ["state", "what_to_do", "began_at", "seen_at", "ended_at"]}),
        ("Alerts", {"fields": ["alerted_at", "end_alerted_at", "alert_at", "tries", "key"], "classes": ["collapse"]}),
    ]

    @admin.display(description="status")
    def state(self, incident: Incident) -> str:
        return pill("ended") if incident.ended_at else pill("failed", "open")

    @admin.display(description="what to do")
    def what_to_do(self, incident: Incident) -> str:
        """Return the text, and a link to the page that shows more."""
        if not incident.path:
            return incident.text
        return format_html('{} <a href="{}">Show more</a>', incident.text, incident.path)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin, admin.ModelAdmin[Heartbeat]):
    empty_text = "No heartbeat yet. Beat, workers and web processes leave one every half minute."
    list_display = ["name", "kind", "at", "host", "version", "free", "delay", "depth"]
    list_filter = ["kind"]
    search_fields = ["name", "host"]
    search_help_text = "A name, or a host."

    @admin.display(description="free disk space")
    def free(self, heartbeat: Heartbeat) -> str:
        return "" if heartbeat.free_mb is None else f"{heartbeat.free_mb / 1000:,.1f} GB"

    @admin.display(description="task waited")
    def delay(self, heartbeat: Heartbeat) -> str:
        return "" if heartbeat.waited is None else f"{heartbeat.waited:,.1f} s"
