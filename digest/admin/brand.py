"""The brand: one row, which can be looked at in a real reader's mail, and mailed to oneself, before it counts."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from digest.mails import branding
from digest.mails.branding import Fitting, NothingToShowError
from subscriptions import brand, colours, failures
from subscriptions.framing import styles_in
from subscriptions.models import Brand

TRIALS = ("_preview", "_send_to_me")
# The frames with the mail are documents of this page's, and mails carry their styles with them. An editor looks at
# the logo wherever it is.
POLICY = "default-src 'self'; style-src 'self' {styles}; img-src 'self' https: data:; frame-ancestors 'none'"


def _styled(fitting: Fitting) -> Iterator[tuple[str, ...]]:
    """All that has styles of its own on the page: the mails, and the shades beside them."""
    for _, shades, html in fitting.schemes:
        pairs = (shades.card, shades.accent), (shades.accent, shades.on_accent)
        yield html, *(f'<i style="background:{behind};color:{text}"></i>' for behind, text in pairs)


class BrandForm(forms.ModelForm[Brand]):
    """By its buttons "Preview" and "Send it to me" it is shown again as it is typed, and never saved."""

    class Meta:
        model = Brand
        fields = "__all__"  # noqa: DJ007  # every one is there to be edited
        widgets = {"accent": forms.TextInput(attrs={"placeholder": colours.ACCENT})}

    def is_valid(self) -> bool:
        return super().is_valid() and not any(name in self.data for name in TRIALS)

    def try_on(self) -> Fitting:
        return branding.try_on(brand.look_of(self.instance))


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin[Brand]):
    form = BrandForm
    fieldsets = [
        ("Who sends it", {"fields": ["name", "sender", "reply_to", "postal_address"]}),
        ("How it looks", {"fields": ["accent", "logo_url", ("logo_width", "logo_height")]}),
        ("What it always says", {"fields": ["intro", "footer"]}),
    ]

    class Media:
        css = {"all": ["admin-brand.css", "admin-sources.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Brand.objects.exists()

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """There is one at most: straight to it."""
        if Brand.objects.exists():
            return redirect("admin:subscriptions_brand_change", 1)
        return redirect("admin:subscriptions_brand_add")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return super().render_change_form(request, context | {"show_save_and_add_another": False}, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().changeform_view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data and request.method == "POST":
            form = response.context_data["adminform"].form
            if not form.errors:
                fitting = response.context_data["fitting"] = self._try_on(request, form)
                styles = styles_in("".join(map("".join, _styled(fitting)))) if fitting else ""
                response["Content-Security-Policy"] = POLICY.format(styles=styles)
        return response

    def _try_on(self, request: HttpRequest, form: BrandForm) -> Fitting | None:
        try:
            fitting = form.try_on()
            if "_send_to_me" in request.POST:
                self._send(request, fitting)
        except NothingToShowError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        return fitting

    def _send(self, request: HttpRequest, fitting: Fitting) -> None:
        address = getattr(request.user, "email", "")
        if not address:
            self.message_user(request, "Your account has no e-mail address: write one into it first.", messages.ERROR)
            return
        try:
            branding.send(fitting, address)
        except Exception as error:
            self.message_user(request, f"It was not sent. {failures.classify(error).reason}", messages.ERROR)
        else:
            self.message_user(request, f"Sent to {address}. Nothing was saved.")
