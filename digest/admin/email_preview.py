"""What can be looked at in a sample mail, and mailed to oneself, before it is saved."""

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

TRIALS = ("_preview", "_send_to_me")
# The frames with the mail are documents of this page's, and mails carry their styles with them. An editor looks at
# the logo wherever it is.
POLICY = "default-src 'self'; style-src 'self' {styles}; img-src 'self' https: data:; frame-ancestors 'none'"


def _styled(fitting: ThemePreview) -> Iterator[tuple[str, ...]]:
    """All that has styles of its own on the page: the mails, and the shades beside them."""
    for _, shades, html in fitting.schemes:
        pairs = (shades.card, shades.accent), (shades.accent, shades.on_accent)
        yield html, *(f'<i style="background:{behind};color:{text}"></i>' for behind, text in pairs)


class EmailPreviewForm:
    """By its buttons "Preview" and "Send it to me" it is shown again as it is typed, and never saved."""

    def is_valid(self) -> bool:
        is_valid: bool = super().is_valid()  # type: ignore[misc]
        return is_valid and not any(name in self.data for name in TRIALS)  # type: ignore[attr-defined]

    def try_on(self) -> ThemePreview:
        """What was typed, in a mail. Raises NothingToShowError."""
        raise NotImplementedError


class EmailPreviewAdmin:
    """Shows the mail below the form, which is a TriedOnForm; its templates include `admin/fitting.html`."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        if not any(name in request.POST for name in TRIALS):
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
        with transaction.atomic():  # the mail is made of rows: those of the page stand as typed meanwhile
            for formset in formsets:
                formset.save()
            fitting = form.try_on()
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
        messages.error(request, "Your account has no e-mail address: write one into it first.")
        return
    try:
        theme_preview.send_preview(fitting, address)
    except Exception as error:
        messages.error(request, f"It was not sent. {send_errors.classify(error).reason}")
    else:
        messages.success(request, f"Sent to {address}. Nothing was saved.")
