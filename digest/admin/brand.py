"""The brand, a single row. It can be previewed in a sample email, also in one's own mailbox, before it is saved."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from digest.admin.email_preview import EmailPreviewAdmin, EmailPreviewForm
from digest.email import theme_preview
from digest.email.theme_preview import ThemePreview
from subscriptions import brand, colours
from subscriptions.admin.base import SavesChangesAdmin
from subscriptions.models import Brand


class BrandForm(EmailPreviewForm, forms.ModelForm[Brand]):
    class Meta:
        model = Brand
        fields = "__all__"  # noqa: DJ007  # all fields are editable
        widgets = {"accent": forms.TextInput(attrs={"placeholder": colours.ACCENT})}

    def make_preview(self, **audience: Any) -> ThemePreview:
        return theme_preview.preview_theme(brand.look_of(self.instance), **audience)


@admin.register(Brand)
class BrandAdmin(EmailPreviewAdmin, SavesChangesAdmin, admin.ModelAdmin[Brand]):
    form = BrandForm
    fieldsets = [
        ("Sender", {"fields": ["name", "sender", "reply_to", "postal_address"]}),
        ("Appearance", {"fields": ["accent", "logo_url", ("logo_width", "logo_height")]}),
        ("Header and footer", {"fields": ["intro", "footer"]}),
    ]

    class Media:
        css = {"all": ["admin-fitting.css", "admin-sources.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Brand.objects.exists()

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the only row, or to the form that creates it."""
        if Brand.objects.exists():
            return redirect("admin:subscriptions_brand_change", 1)
        return redirect("admin:subscriptions_brand_add")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        return super().render_change_form(request, context | {"show_save_and_add_another": False}, *args, **kwargs)
