"""The status of a reader on their page: a card in words, and buttons that pause, resume and unsubscribe."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from digest.admin import bulk
from digest.ops import reader_summary
from digest.ops.jobs import reader_jobs, rows
from subscriptions.admin.base import log_action
from subscriptions.models import Subscriber
from subscriptions.models.readers import LONGEST_PAUSE
from subscriptions.readers import lifecycle
from subscriptions.time_zones import day_in

TWO_WEEKS = dt.timedelta(weeks=2)
UNSUBSCRIBED = "unsubscribed. They get no more emails."
RETURNS_BY_LINK = "Only they can come back: by the link to their settings, which you can email them."


class PauseReaderForm(forms.Form):
    """The day when a reader's pause ends."""

    until = forms.DateField(
        label="Paused until",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="They get nothing before this day, in their time zone. Then digests resume by themselves.",
    )

    def __init__(self, data: Any = None, *, today: dt.date) -> None:
        super().__init__(data, initial={"until": today + TWO_WEEKS})
        self.today = today

    def clean_until(self) -> dt.date:
        until: dt.date = self.cleaned_data["until"]
        last = self.today + LONGEST_PAUSE
        if not self.today < until <= last:
            raise forms.ValidationError(f"Choose a day from tomorrow to {date_format(last)}.")
        return until


class ChangesStatusAdmin:
    """Views that change the status of one reader. Each needs the permission to change readers, and a POST."""

    def card_of(self, request: HttpRequest, reader: Subscriber) -> dict[str, Any]:
        """Return the context of the card. Digests and feedback are left out for staff who may not view them."""
        return {
            "summary": reader_summary.summary_of(reader, now=timezone.now()),
            "may_view_deliveries": request.user.has_perm("digest.view_delivery"),
            "may_view_feedback": request.user.has_perm("digest.view_opinion"),
        }

    def pause_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask until when the reader is paused. A POST pauses them."""
        reader = self._reader_to_change(request, pk)
        if not reader.is_subscribed:
            messages.warning(request, "This reader gets no digests, so there is nothing to pause.")
            return self._back(reader)
        today = day_in(reader.time_zone, timezone.now())
        form = PauseReaderForm(request.POST if request.method == "POST" else None, today=today)
        if form.is_valid():
            until = form.cleaned_data["until"]
            in_words = date_format(until, "j M Y")
            log_action(request, [reader], f"Paused until {in_words}.")
            lifecycle.pause(reader, until)
            messages.success(request, f"Paused until {in_words}.")
            return self._back(reader)
        return self._ask(request, reader, "Pause this reader", form=form)

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End the pause of the reader."""
        reader = self._reader_to_change(request, pk)
        if reader.status == Subscriber.Status.PAUSED:
            log_action(request, [reader], "Ended the pause.")
            lifecycle.resume(reader, now=timezone.now())
            messages.success(request, "The pause has ended. This reader gets digests again.")
        else:
            messages.warning(request, "This reader is not paused.")
        return self._back(reader)

    def unsubscribe_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a confirmation. A POST unsubscribes the reader, as the action of the list does."""
        reader = self._reader_to_change(request, pk)
        if request.method != "POST":
            warning = f"They get no more emails, from now on. {RETURNS_BY_LINK}"
            return self._ask(request, reader, "Unsubscribe this reader", warning=warning)
        step = rows.run_now(reader_jobs.UNSUBSCRIBE, [pk], by=request.user.get_username())
        bulk.report(request, step, UNSUBSCRIBED)
        return self._back(reader)

    def _reader_to_change(self, request: HttpRequest, pk: int) -> Subscriber:
        reader: Subscriber = self._reader(request, pk)  # type: ignore[attr-defined]  # of the page
        if not self.has_change_permission(request, reader):  # type: ignore[attr-defined]
            raise PermissionDenied
        return reader

    def _ask(self, request: HttpRequest, reader: Subscriber, label: str, **shown: Any) -> TemplateResponse:
        context = self.admin_site.each_context(request) | {  # type: ignore[attr-defined]
            "opts": Subscriber._meta,
            "original": reader,
            "title": f"{label}?",
            "label": label,
            "warning": f"{reader} {reader_summary.state_of(reader)}",
            "back": _page_of(reader),
        }
        return TemplateResponse(request, "admin/confirm_action.html", context | shown)

    def _back(self, reader: Subscriber) -> HttpResponseRedirect:
        return HttpResponseRedirect(_page_of(reader))


def _page_of(reader: Subscriber) -> str:
    return reverse("admin:subscriptions_subscriber_change", args=[reader.pk])
