"""The page of the installation: its identity, how far it has sent, and what to do after a restore."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from digest import clock
from digest.delivery import high_water
from digest.models import Installation
from digest.ops.recovery import settlement
from digest.ops.recovery.settlement import IncompleteLogError
from subscriptions.admin.base import DateAndTime, ReadOnlyAdmin, log_action


class UntilForm(forms.Form):
    """The time until which digests count as sent."""

    until = forms.SplitDateTimeField(
        label="Until", widget=DateAndTime, help_text="A time in UTC. Digests that were due until then are not sent."
    )

    def clean_until(self) -> dt.datetime:
        until: dt.datetime = self.cleaned_data["until"]
        if until > clock.now():
            raise forms.ValidationError("That is in the future. Enter a time that has passed.")
        return until


@admin.register(Installation)
class InstallationAdmin(ReadOnlyAdmin, admin.ModelAdmin[Installation]):
    list_display = ["incarnation", "position", "behind_since", "decide", "counted_until"]
    search_fields = ["behind_reason"]
    fields = ["incarnation", "position", "behind_since", "behind_reason", "counted_until", "counted_through"]

    @admin.display(description="after a restore")
    def decide(self, row: Installation) -> str:
        if row.behind_since is None:
            return ""
        return format_html('<a href="{}">Decide</a>', reverse("admin:digest_installation_settle"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.settle)
        return [path("settle/", view, name="digest_installation_settle"), *super().get_urls()]

    def settle(self, request: HttpRequest) -> HttpResponse:
        """Show what the database does not know, and do what the operator chooses."""
        if not request.user.has_perm("digest.change_pause"):
            raise PermissionDenied
        row = Installation.load()
        is_held = row.behind_since is not None
        mark = high_water.read(row.incarnation)
        counts = request.method == "POST" and "count" in request.POST
        form = UntilForm(request.POST if counts else None, initial={"until": mark.moment if mark else None})
        if request.method == "POST" and is_held and (not counts or form.is_valid()):
            return self._settle(request, row, form.cleaned_data["until"] if counts else None)
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": "After a restore",
            "opts": Installation._meta,
            "installation": row,
            "is_held": is_held,
            "mark": mark,
            "form": form,
        }
        return TemplateResponse(request, "admin/digest/installation/settle.html", context)

    def _settle(self, request: HttpRequest, row: Installation, until: dt.datetime | None) -> HttpResponse:
        page = reverse("admin:digest_installation_settle")
        what = f"Counted as sent until {until:%Y-%m-%d %H:%M} UTC." if until else "Sent what is missing."
        log_action(request, [row], what)
        try:
            if until:
                done = settlement.count_as_sent(until, now=clock.now())
            else:
                done = settlement.send_missing(now=clock.now())
        except IncompleteLogError as error:
            messages.error(request, str(error))
            return redirect(page)
        messages.success(request, settlement.describe(done))
        return redirect("admin:index")
