"""Pauses of sending: the page that begins one, and the buttons and actions that end one."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from digest import clock
from digest.admin.incidents import OpenOrEnded
from digest.delivery import pauses
from digest.models import Pause
from subscriptions import audit
from subscriptions.admin.base import DateAndTime, ReadOnlyAdmin, log_action


class SendingPauseForm(forms.ModelForm[Pause]):
    """The form that begins a pause."""

    reason = forms.CharField(
        max_length=500,  # the first page shows all of it
        help_text="It is shown on the first page, and kept in the list of pauses.",
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
    )
    until = forms.SplitDateTimeField(
        required=False,
        widget=DateAndTime(),
        help_text="Sending resumes by itself at this time (UTC). Leave it empty to end the pause yourself.",
    )

    class Meta:
        model = Pause
        fields = ["reason", "until"]

    def clean_until(self) -> dt.datetime | None:
        until: dt.datetime | None = self.cleaned_data["until"]
        if until and until <= clock.now():
            raise forms.ValidationError(f"Enter a later time: it is {clock.now():%Y-%m-%d %H:%M} UTC now.")
        return until

    def clean(self) -> dict[str, Any] | None:
        pause = pauses.current()
        if pause and pause.probe_at is None:
            raise forms.ValidationError(
                f"Sending has been paused since {pause.began_at:%Y-%m-%d %H:%M} UTC. End that pause first."
            )
        return super().clean()


@admin.register(Pause)
class PauseAdmin(ReadOnlyAdmin, admin.ModelAdmin[Pause]):
    add_label = "Pause sending"
    empty_text = "No pause yet. You can pause sending. It also pauses if the provider refuses all, or many complain."
    form = SendingPauseForm
    list_display = ["began_at", "ended_at", "reason", "paused_by", "until", "probe_at"]
    list_filter = [OpenOrEnded]
    search_fields = ["reason", "paused_by"]
    date_hierarchy = "began_at"
    actions = ["end_now", "try_now"]

    def get_fields(self, request: HttpRequest, obj: Pause | None = None) -> Any:
        names = ["began_at", "ended_at", "reason", "paused_by", "until", "probe_at", "probes"]
        return names if obj else ["reason", "until"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm("digest.add_pause")

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_pause")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {
            "title": "Pause sending",
            "about": "No digests are sent until the pause ends. Planning continues, and digests that wait are sent "
            "afterward. Digests that are more than a day late are skipped. Confirmations and other emails that readers "
            "ask for are still sent.",
        }
        return super().add_view(request, form_url, (extra_context or {}) | shown)

    def save_model(self, request: HttpRequest, obj: Pause, form: Any, change: bool) -> None:
        by = request.user.get_username()
        begun = pauses.start_by_hand(obj.reason, by=by, until=obj.until, now=clock.now())
        current = pauses.current()
        if current:
            obj.pk, obj.began_at = current.pk, current.began_at
        if not begun:
            messages.warning(
                request, "Another pause began in the meantime, so nothing was changed. Check it before you try again."
            )

    def response_add(self, request: HttpRequest, obj: Pause, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, "Sending is paused. Emails already being sent finish within seconds.")
        return HttpResponseRedirect(reverse("admin:index"))

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(require_POST(self.end_view))
        return [path("end/", end, name="digest_pause_end"), *super().get_urls()]

    def end_view(self, request: HttpRequest) -> HttpResponse:
        """End the pause, from the first page."""
        if not self.has_end_permission(request):
            raise PermissionDenied
        self.end_now(request, Pause.objects.all())
        return HttpResponseRedirect(reverse("admin:index"))

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

    def log_addition(self, request: HttpRequest, obj: Pause, message: Any) -> Any:
        until = f" until {obj.until:%Y-%m-%d %H:%M} UTC" if obj.until else ""
        audit.record(by=request.user, action=f"Paused sending{until}.", target=obj, detail=obj.reason)
