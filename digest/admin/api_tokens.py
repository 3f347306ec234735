"""Tokens of the API: made, rotated and revoked. A token is shown once."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html_join

from digest import clock
from digest.admin.base import show_secret
from digest.api import tokens
from digest.email.formatting import count
from digest.models import ApiToken
from digest.models.api_tokens import ApiScope
from subscriptions.admin.base import DATES_AND_TIMES, log_action
from subscriptions.pills import pill


class TokenForm(forms.ModelForm[ApiToken]):
    scopes = forms.MultipleChoiceField(
        choices=ApiScope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Give it what the program needs, and no more.",
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "expires_at"]

    def clean_expires_at(self) -> dt.datetime | None:
        expires_at: dt.datetime | None = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= clock.now():
            raise forms.ValidationError(f"Enter a later time: it is {clock.now():%Y-%m-%d %H:%M} UTC now.")
        return expires_at


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    add_label = "Create token"
    empty_text = "No token yet. A program needs one to sign readers up, or to read readers, deliveries and editions."
    form = TokenForm
    readonly_fields = ["begins", "may", "state"]
    formfield_overrides = DATES_AND_TIMES
    list_display = ["name", "begins", "may", "state", "last_used_on", "created_by", "created_at", "expires_at"]
    search_fields = ["name", "prefix"]
    actions = ["rotate", "revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        made = ["name", "begins", "may", "state", "last_used_on", "created_by", "created_at", "expires_at"]
        return made if obj else ["name", "scopes", "expires_at"]

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Return False for a token's page: a new scope would surprise the program. Actions rotate and revoke."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False  # the log of consents names it

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_apitoken")

    @admin.display(description="begins with")
    def begins(self, row: ApiToken) -> str:
        return f"{row.prefix}…"

    @admin.display(description="scopes")
    def may(self, row: ApiToken) -> str:
        return format_html_join(", ", "{}", ((scope,) for scope in row.scopes))

    @admin.display(description="state")
    def state(self, row: ApiToken) -> str:
        if row.revoked_at:
            return pill("suppressed", "revoked")
        return pill("active", "valid") if row.is_valid(clock.now()) else pill("paused", "expired")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        values = form.cleaned_data
        made = tokens.make(
            values["name"],
            values["scopes"],
            by=request.user.get_username(),
            now=clock.now(),
            expires_at=values["expires_at"],
        )
        obj.pk = made.row.pk
        obj.refresh_from_db()
        obj.secret = made.secret  # type: ignore[attr-defined]  # for the page that shows it once

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        return _show(self, request, [(obj.name, obj.secret)])  # type: ignore[attr-defined]

    @admin.action(description="Rotate: show a new token, and let the old one work for a day", permissions=["end"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        valid = [row for row in queryset if row.is_valid(clock.now())]
        log_action(request, valid, "Rotated.")
        if not valid:
            self.message_user(request, "Only valid tokens can be rotated. Add a new token instead.", messages.WARNING)
            return None
        return _show(self, request, [(row.name, tokens.rotate(row, now=clock.now()).secret) for row in valid])

    @admin.action(description="Revoke the selected tokens", permissions=["end"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        log_action(request, queryset, "Revoked.")
        for row in queryset:
            tokens.revoke(row, now=clock.now())
        self.message_user(request, f"{count(len(queryset), 'token')} revoked.")


def _show(page: admin.ModelAdmin[Any], request: HttpRequest, made: list[tuple[str, str]]) -> TemplateResponse:
    about = "Programs send it as Authorization: Bearer, followed by the token."
    return show_secret(page, request, made, title="API token", about=about)
