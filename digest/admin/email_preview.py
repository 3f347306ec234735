"""Previews of unsaved changes in a sample email, on the page or sent to an address."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from digest import clock
from digest.email import email_sample
from digest.email.email_sample import EmailPreview, NothingToShowError
from subscriptions.admin.base import SelectOfKeys, SelectOfManyKeys, log_action
from subscriptions.email import send_errors
from subscriptions.forms import AddressField
from subscriptions.models import Subscriber, Topic, TopicFilter
from subscriptions.readers import lifecycle
from subscriptions.security import abuse_limits
from subscriptions.security.abuse_limits import Limit
from subscriptions.security.mail_csp import styles_in

SEND = "_send_test"
PREVIEW_BUTTONS = ("_preview", SEND)
# The email is shown in frames that inherit this policy. It has inline styles, and its logo may be on any host.
POLICY = "default-src 'self'; style-src 'self' {styles}; img-src 'self' https: data:; frame-ancestors 'none'"
TEST_EMAILS = [(20, dt.timedelta(hours=1)), (60, dt.timedelta(days=1))]  # of one member of staff


def policy_of(preview: EmailPreview | None) -> str:
    """Return the Content-Security-Policy of a page that shows the preview."""
    return POLICY.format(styles=styles_in("".join(map("".join, _styled(preview)))) if preview else "")


def _styled(preview: EmailPreview) -> Iterator[tuple[str, ...]]:
    """Yield all HTML of the page that has inline styles: the emails, and the color samples beside them."""
    for _, shades, html in preview.schemes:
        pairs = (shades.card, shades.accent), (shades.accent, shades.on_accent)
        yield html, *(f'<i style="background:{behind};color:{text}"></i>' for behind, text in pairs)


class OptionalAddressField(AddressField):
    def clean(self, value: Any) -> str:
        return super().clean(value) if value or self.required else ""


class PreviewOptions(forms.Form):
    """The reader of the previewed digest, and where to send it. Staff choose only from rows that they may view."""

    reader = forms.ModelChoiceField(
        Subscriber.objects.all(),
        required=False,
        label="As this reader",
        widget=SelectOfKeys(TopicFilter._meta.get_field("subscriber"), admin.site, attrs={"data-width": "100%"}),
    )
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.all(),
        required=False,
        label="Or as a follower of",
        widget=SelectOfManyKeys(TopicFilter._meta.get_field("topic"), admin.site, attrs={"data-width": "100%"}),
    )
    send_to = OptionalAddressField()

    def __init__(self, request: HttpRequest) -> None:
        is_sent = any(name in request.POST for name in PREVIEW_BUTTONS)
        own = {"send_to": getattr(request.user, "email", "")}
        super().__init__(request.POST if is_sent else None, prefix="test", initial=own)
        self._may_send_for_readers = request.user.has_perm("subscriptions.change_subscriber")
        self.fields["send_to"].label = "Test email to"
        self.fields["send_to"].required = SEND in request.POST
        permissions = {"reader": "subscriptions.view_subscriber", "topics": "subscriptions.view_topic"}
        for name, permission in permissions.items():
            if not request.user.has_perm(permission):
                del self.fields[name]

    def clean_send_to(self) -> str:
        address: str = self.cleaned_data["send_to"]
        if address and lifecycle.is_suppressed(address):
            raise forms.ValidationError("This address is suppressed, so it must not be emailed. Enter another one.")
        return address

    def clean_reader(self) -> Subscriber | None:
        """Refuse to email a reader's digest without the permission that their own page asks for."""
        reader: Subscriber | None = self.cleaned_data["reader"]
        if reader and SEND in self.data and not self._may_send_for_readers:
            raise forms.ValidationError("You may preview this reader’s digest, but not email it. Leave the reader out.")
        return reader

    @property
    def audience(self) -> dict[str, Any]:
        """The arguments of `preview_email`."""
        return {"reader": self.cleaned_data.get("reader"), "topics": list(self.cleaned_data.get("topics") or ())}


class EmailPreviewForm:
    """A form with the buttons "Preview" and "Send test email", which show it again as typed and don't save it."""

    def is_valid(self) -> bool:
        is_valid: bool = super().is_valid()  # type: ignore[misc]
        return is_valid and not any(name in self.data for name in PREVIEW_BUTTONS)  # type: ignore[attr-defined]

    def make_preview(self, **audience: Any) -> EmailPreview:
        """Return a sample email with the typed values (see `preview_email`). Raise NothingToShowError."""
        raise NotImplementedError


class EmailPreviewAdmin:
    """An admin page with the email below its EmailPreviewForm.

    Its templates include `admin/email_sample_options.html` and `admin/email_sample.html`.
    """

    save_on_top = True  # the block that holds the buttons of the preview

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        if not isinstance(response, TemplateResponse) or not (context := response.context_data):
            return response
        options = context["options"] = PreviewOptions(request)
        context["media"] += options.media
        if any(name in request.POST for name in PREVIEW_BUTTONS):
            form, formsets = context["adminform"].form, [inline.formset for inline in context["inline_admin_formsets"]]
            # All are checked here, so that the page shows all errors, and its template checks nothing.
            if all([not form.errors, options.is_valid(), *(formset.is_valid() for formset in formsets)]):
                sample = context["sample"] = _preview(request, form, formsets, options)
                response["Content-Security-Policy"] = policy_of(sample)
        return response


def _preview(
    request: HttpRequest, form: EmailPreviewForm, formsets: list[Any], options: PreviewOptions
) -> EmailPreview | None:
    try:
        with transaction.atomic():  # the email is made of rows, so they are saved and rolled back
            for formset in formsets:
                formset.save()
            sample = form.make_preview(**options.audience)
            transaction.set_rollback(True)
    except NothingToShowError as error:
        messages.error(request, str(error))
        return None
    if SEND in request.POST:
        send_test(request, sample, options.cleaned_data["send_to"], sample.edition)
    return sample


def send_test(request: HttpRequest, preview: EmailPreview, address: str, about: Model) -> None:
    """Email the preview to `address`, and log who sent it in the history of the row `about`."""
    if abuse_limits.refused_by(Limit("test email", str(request.user.pk), TEST_EMAILS), now=clock.now()):
        messages.error(request, "Not sent: you have reached the limit for test emails. Try again in an hour.")
        return
    reader = f", as reader {preview.reader.uid}" if preview.reader else ""
    log_action(request, [about], f"Sent a test email to {address}{reader}.")
    try:
        email_sample.send_preview(preview, address)
    except Exception as error:
        messages.error(request, f"Not sent. {send_errors.classify(error).reason}")
    else:
        messages.success(request, f"Sent to {address}. Nothing was saved.")
