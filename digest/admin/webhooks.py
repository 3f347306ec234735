"""Webhooks that this site calls, and the log of their messages."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join

from digest import clock
from digest.admin.base import outcome_of, show_secret
from digest.api.webhooks import sender, signatures
from digest.email.formatting import count
from digest.models import WebhookEndpoint, WebhookMessage
from digest.models.webhooks import WebhookEvent
from digest.sources.http import problem_with_host
from subscriptions.admin.base import ReadOnlyAdmin, log_action
from subscriptions.pills import pill

HOW_TO_USE = "The program checks signatures with it, as Standard Webhooks describes."


class EndpointForm(forms.ModelForm[WebhookEndpoint]):
    events = forms.MultipleChoiceField(choices=WebhookEvent.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "url", "events", "with_address", "is_active"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        problem = "" if settings.FETCH_PRIVATE_HOSTS else problem_with_host(url)
        if problem:
            raise ValidationError(f"{problem}. Set FETCH_PRIVATE_HOSTS if programs of your own network may be called.")
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(admin.ModelAdmin[WebhookEndpoint]):
    add_label = "Add webhook"
    empty_text = "No webhook yet. Add the address of a program that should know when readers come and go."
    form = EndpointForm
    fields = ["name", "url", "events", "with_address", "is_active"]
    list_display = ["name", "url", "chosen", "state", "addresses", "created_by", "created_at"]
    search_fields = ["name", "url"]
    actions = ["send_test", "rotate"]

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_webhookendpoint")

    @admin.display(description="events")
    def chosen(self, row: WebhookEndpoint) -> str:
        return format_html_join(", ", "{}", ((event,) for event in row.events))

    @admin.display(description="email addresses")
    def addresses(self, row: WebhookEndpoint) -> str:
        return "sent" if row.with_address else "not sent"

    @admin.display(description="state")
    def state(self, row: WebhookEndpoint) -> str:
        if not row.is_active:
            return pill("suppressed", "disabled")
        return pill("failed", "failing") if row.failing_since else pill("active")

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        if not change:
            obj.secret, obj.created_at, obj.created_by = (
                signatures.new_secret(),
                clock.now(),
                request.user.get_username(),
            )
            obj.save()
            return
        obj.save(update_fields=form.changed_data)
        if "is_active" in form.changed_data and obj.is_active:
            sender.clear_failures(obj, now=clock.now())

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        return show_secret(self, request, [(obj.name, obj.secret)], title="Secret of the webhook", about=HOW_TO_USE)

    @admin.action(description="Send a test, and show the answer", permissions=["write"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        log_action(request, queryset, "Sent a test.")
        for row in queryset[:5]:  # each may take ten seconds
            answer = sender.send_test(row, now=clock.now())
            level = messages.SUCCESS if answer.is_success else messages.ERROR
            said = f"answered {answer.status}" if answer.status else "did not answer"
            self.message_user(request, f"“{row.name}” {said}. {answer.text[:300]}", level)

    @admin.action(description="Rotate the secret: sign with both for a day", permissions=["write"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> HttpResponse:
        log_action(request, queryset, "Rotated the secret.")
        made = [(row.name, sender.rotate(row, now=clock.now())) for row in queryset]
        return show_secret(self, request, made, title="Secret of the webhook", about=HOW_TO_USE)


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin, admin.ModelAdmin[WebhookMessage]):
    empty_text = "No message yet. Messages to webhooks are listed here for 30 days."
    list_display = ["made_at", "endpoint", "event", "outcome", "tries", "next_at", "reader_uid"]
    list_filter = ["endpoint", "event"]
    search_fields = ["reader_uid"]
    search_help_text = "A reader’s uid."
    list_select_related = ["endpoint"]
    show_full_result_count = False
    actions = ["send_again"]

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("digest.change_webhookmessage")

    @admin.display(description="result")
    def outcome(self, row: WebhookMessage) -> str:
        status = f"{row.status or 'no answer'}" if row.tries else ""
        if row.delivered_at:
            return outcome_of("sent", "", text=f"delivered, {status}")
        if row.next_at:
            return outcome_of("queued", row.answer, text=f"waiting{f', {status}' if status else ''}")
        return outcome_of("failed", row.answer, text=f"given up, {status}")

    @admin.action(description="Send again, within a minute", permissions=["write"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookMessage]) -> None:
        log_action(request, queryset, "Sent again.")
        for row in queryset:
            sender.send_again(row, now=clock.now())
        self.message_user(request, f"{count(len(queryset), 'message')} will be sent within a minute.")
