"""Pauses of sending, and the actions that end them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from digest import clock
from digest.delivery import pauses
from digest.models import Pause
from subscriptions.admin.base import ReadOnlyAdmin, log_action


@admin.register(Pause)
class PauseAdmin(ReadOnlyAdmin, admin.ModelAdmin[Pause]):
    empty_text = "No pause yet. Sending pauses if the provider refuses everything, or too many readers complain."
    list_display = ["began_at", "ended_at", "reason", "probe_at", "probes", "told_at"]
    search_fields = ["reason"]
    date_hierarchy = "began_at"
    actions = ["end_now", "try_now"]

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_pause")

    @admin.action(description="End the pause and resume sending", permissions=["end"])
    def end_now(self, request: HttpRequest, queryset: QuerySet[Pause]) -> None:
        log_action(request, Pause.objects.filter(ended_at=None), "Ended.")
        ended = pauses.end(now=clock.now())
        self.message_user(request, "Sending resumes." if ended else "Sending is not paused.")

    @admin.action(description="Try one email now", permissions=["end"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Pause]) -> None:
        log_action(request, Pause.objects.filter(ended_at=None), "Requested a try.")
        pauses.request_probe(now=clock.now())
        self.message_user(request, "One email will be tried within a minute, unless an admin must end the pause.")
