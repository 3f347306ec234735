"""Previews of unsaved changes in a sample email, on the page or in one's own mailbox."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from digest.email import theme_preview
from digest.email.theme_preview import NothingToShowError, ThemePreview
from subscriptions.email import send_errors
from subscriptions.security.mail_csp import styles_in

PREVIEW_BUTTONS = ("_preview", "_send_to_me")
# The email is shown in frames that inherit this policy. It has inline styles, and its logo may be on any host.
POLICY = "default-src 'self'; style-src 'self' {styles}; img-src 'self' https: data:; frame-ancestors 'none'"


def _styled(fitting: ThemePreview) -> Iterator[tuple[str, ...]]:
    """Yield all HTML of the page that has inline styles: the emails, and the colour samples beside them."""
    for _, shades, html in fitting.schemes:
        pairs = (shades.card, shades.accent), (shades.accent, shades.on_accent)
        yield html, *(f'<i style="background:{behind};color:{text}"></i>' for behind, text in pairs)


class EmailPreviewForm:
    """A form with the buttons "Preview" and "Send it to me", which show it again as typed and don't save it."""

    def is_valid(self) -> bool:
        is_valid: bool = super().is_valid()  # type: ignore[misc]
        return is_valid and not any(name in self.data for name in PREVIEW_BUTTONS)  # type: ignore[attr-defined]

    def make_preview(self) -> ThemePreview:
        """Return a sample email with the typed values. Raises NothingToShowError."""
        raise NotImplementedError


class EmailPreviewAdmin:
    """An admin page with the email below its EmailPreviewForm. Its templates include `admin/fitting.html`."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        if not any(name in request.POST for name in PREVIEW_BUTTONS):
            return response
        if isinstance(response, TemplateResponse) and (context := response.context_data):
            form, formsets = context["adminform"].form, [inline.formset for inline in context["inline_admin_formsets"]]
            if not form.errors and all(formset.is_valid() for formset in formsets):
                fitting = context["fitting"] = _preview(request, form, formsets)
                styles = styles_in("".join(map("".join, _styled(fitting)))) if fitting else ""
                response["Content-Security-Policy"] = POLICY.format(styles=styles)
        return response


def _preview(request: HttpRequest, form: EmailPreviewForm, formsets: list[Any]) -> ThemePreview | None:
    try:
        with transaction.atomic():  # the email is made of rows, so they are saved and rolled back
            for formset in formsets:
                formset.save()
            fitting = form.make_preview()
            transaction.set_rollback(True)
    except NothingToShowError as error:
        messages.error(request, str(error))
        return None
    if "_send_to_me" in request.POST:
        _send(request, fitting)
    return fitting


def _send(request: HttpRequest, fitting: ThemePreview) -> None:
    address = getattr(request.user, "email", "")
    if not address:
        messages.error(request, "Your account has no email address. Add one to it first.")
        return
    try:
        theme_preview.send_preview(fitting, address)
    except Exception as error:
        messages.error(request, f"Not sent. {send_errors.classify(error).reason}")
    else:
        messages.success(request, f"Sent to {address}. Nothing was saved.")
