"""The brand, a single row. It can be previewed in a sample email, also in a mailbox, before it is saved."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from digest import clock
from digest.admin.email_preview import EmailPreviewAdmin, EmailPreviewForm
from digest.email import email_sample
from digest.email.email_sample import EmailPreview
from digest.site import logos
from digest.site.images import PictureError
from subscriptions import brand, colors
from subscriptions.admin.base import ReadOnlyAdmin, SavesChangesAdmin
from subscriptions.models import Brand, Logo

MAX_WIDTH = 300  # pixels, as displayed
NOT_STORED = {"logo_file", "remove_logo"}  # fields of the form that change the row's LOGO_FIELDS
LOGO: list[Any] = ["logo_mark", "logo_file", "remove_logo", "logo_url", ("logo_width", "logo_height")]
LOGO_FIELDS = {"logo_mark", "logo_width", "logo_height"}


class ColorInput(forms.TextInput):
    """A box for #rrggbb, with the browser's color picker beside it, which a script keeps equal."""

    class Media:
        js = [forms.Script("admin-color.js", defer=True)]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        text = super().render(name, value, attrs, renderer)
        shown = value if colors.is_color(str(value or "")) else colors.ACCENT
        return format_html(
            '<span class="color">{} <input type="color" value="{}" data-for="{}" aria-label="Pick a color" hidden>'
            "</span>",
            *(text, shown, (attrs or {}).get("id", "")),
        )


class LogoInput(forms.HiddenInput):
    """The mark of the logo in use, which is shown. It stays in the form when a preview shows the form again."""

    is_hidden = False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        mark = super().render(name, value, attrs, renderer)
        if not value or not Logo.objects.filter(mark=value).exists():
            return format_html("{}<span>None uploaded.</span>", mark)
        address = reverse("subscriptions:logo", args=[value])
        return format_html('{}<img class="logo" src="{}" alt="The uploaded logo" height="40">', mark, address)


class BrandForm(EmailPreviewForm, forms.ModelForm[Brand]):
    logo_file = forms.FileField(
        label="Upload a logo",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text="PNG, JPEG, WebP or GIF, up to 1.5 MB. The site makes it smaller and serves it.",
    )
    remove_logo = forms.BooleanField(label="Remove the uploaded logo", required=False)

    class Meta:
        model = Brand
        fields = "__all__"  # noqa: DJ007  # all fields are editable
        labels = {"accent": "Accent color", "logo_mark": "Uploaded logo", "logo_url": "Or its address"}
        help_texts = {"logo_mark": ""}
        widgets = {
            "accent": ColorInput(attrs={"placeholder": colors.ACCENT}),
            "logo_mark": LogoInput(),
            **dict.fromkeys(("intro", "footer", "postal_address"), forms.Textarea(attrs={"rows": 3})),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show what the settings say in the boxes that may stay empty."""
        super().__init__(*args, **kwargs)
        settings, address = brand.look_of(None), brand.look_of(self.instance).sender_address
        in_force = {
            "name": settings.name,
            "sender": settings.sender_address,
            "reply_to": address,
            "postal_address": settings.postal_address,
        }
        for name, value in in_force.items():
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = value

    def clean_logo_mark(self) -> str:
        mark: str = self.cleaned_data["logo_mark"]
        return mark if Logo.objects.filter(mark=mark).exists() else ""

    def clean(self) -> dict[str, Any]:
        """Store an uploaded logo at once, so that it stays chosen when a preview shows the form again."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("remove_logo"):
            self._take(cleaned, {"logo_mark": ""})
        if upload := cleaned.get("logo_file"):
            try:
                logo = logos.store(upload.read(logos.MAX_BYTES + 1), now=clock.now())
            except PictureError as error:
                self.add_error("logo_file", f"This can’t be the logo: {error}.")
                return cleaned
            size = logos.displayed_size(logo, cleaned.get("logo_height") or 40, MAX_WIDTH)
            self._take(cleaned, {"logo_mark": logo.mark, "logo_width": size[0], "logo_height": size[1]})
        return cleaned

    def _take(self, cleaned: dict[str, Any], values: dict[str, Any]) -> None:
        """Use `values` in place of those that were sent, also when the form is shown again."""
        cleaned |= values
        data: Any = self.data  # a QueryDict, which can be copied
        self.data = data = data.copy()
        for name, value in values.items():
            data[self.add_prefix(name)] = str(value)

    def make_preview(self, **audience: Any) -> EmailPreview:
        return email_sample.preview_email(brand.look_of(self.instance), **audience)


@admin.register(Brand)
class BrandAdmin(EmailPreviewAdmin, SavesChangesAdmin, admin.ModelAdmin[Brand]):
    form = BrandForm
    fieldsets = [
        ("Sender", {"fields": ["name", ("sender", "reply_to"), "postal_address"]}),
        ("Color", {"fields": ["accent"]}),
        ("Logo", {"fields": LOGO}),
        ("Header and footer", {"fields": ["intro", "footer"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Brand | None = None) -> Any:
        """Return the fieldsets. The box to remove a logo is shown only if one may be uploaded."""
        if request.method == "POST" or (obj and obj.logo_mark):
            return self.fieldsets
        fields = [field for field in LOGO if field != "remove_logo"]
        return [(name, {"fields": fields} if name == "Logo" else options) for name, options in self.fieldsets]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not brand.is_saved()  # asked on every page, so it is cached

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect to the only row, or to the form that creates it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if Brand.objects.exists():
            return redirect("admin:subscriptions_brand_change", 1)
        return redirect("admin:subscriptions_brand_add")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the changed fields. An uploaded file is not a field of the row, and changes those of the logo."""
        names = {*form.changed_data}
        changed = (names - NOT_STORED) | (LOGO_FIELDS if names & NOT_STORED else set())
        obj.save(update_fields=changed if change else None)
        logos.mark_used(obj.logo_mark, now=clock.now())

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        named = dict.fromkeys(("title", "heading"), "Brand")  # there is one, also before it is first saved
        context |= named | {"show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Logo)
class LogoAdmin(ReadOnlyAdmin, admin.ModelAdmin[Logo]):
    list_display = ["mark", "uploaded_at", "used_at"]
    exclude = ["image"]
    search_fields = ["mark"]
