"""The page that imports a list of feeds. It shows the feeds first, and adds them on confirmation."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from digest.ingest import opml, opml_import
from digest.ingest.opml import OpmlError, Outline
from digest.ingest.opml_import import ImportPlan
from digest.models import Source

LARGEST = 1_000_000  # bytes
SALT = "digest.admin.opml"
TOO_LARGE = "The list is larger than 1 MB. Split it, and import the parts."


class OpmlForm(forms.Form):
    """A list of feeds, as a file or as text."""

    file = forms.FileField(
        required=False, label="OPML file", help_text="The subscriptions exported from a feed reader. 1 MB at most."
    )
    text = forms.CharField(
        required=False, label="Or its text", widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"})
    )

    outlines: list[Outline]

    def clean(self) -> None:
        file: UploadedFile[bytes] | None = self.cleaned_data.get("file")
        text: str = self.cleaned_data.get("text", "")
        if self.errors:
            return
        if bool(file) == bool(text):
            raise ValidationError("Give either a file or text.")
        try:
            self.outlines = opml.parse(_read(file)) if file else opml.parse(_encode(text), "utf-8")
        except OpmlError as error:
            raise ValidationError({"file" if file else "text": str(error)}) from error


def _read(file: UploadedFile[bytes]) -> bytes:
    if (file.size or 0) > LARGEST:
        raise OpmlError(TOO_LARGE)
    body: bytes = file.read()
    return body


def _encode(text: str) -> bytes:
    body = text.encode()
    if len(body) > LARGEST:
        raise OpmlError(TOO_LARGE)
    return body


class ImportsOpmlAdmin:
    """An admin page with three steps at one address: upload a list, review its feeds, add them."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_opml)  # type: ignore[attr-defined]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [path("import-opml/", view, name="digest_source_import"), *urls]

    def import_opml(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        if "shown" in request.POST:
            return self._confirm(request)
        form = OpmlForm(request.POST, request.FILES) if request.method == "POST" else OpmlForm()
        found = opml_import.plan_import(form.outlines) if form.is_valid() else None
        return self._page(request, form=form, found=found)

    def _confirm(self, request: HttpRequest) -> HttpResponse:
        """Check or add the feeds that were shown as new. They come back signed, so they need no validation."""
        try:
            shown = [Outline(*row) for row in signing.loads(request.POST["shown"], salt=SALT, max_age=86_400)]
        except signing.BadSignature:
            messages.error(request, "This list has expired. Upload the file again.")
            return redirect("admin:digest_source_import")
        if "check" in request.POST:
            return self._page(
                request, found=opml_import.refuse_unreachable(opml_import.plan_import(shown), timezone.now().date())
            )
        return self._add(request, opml_import.add_sources(shown, is_active="is_active" in request.POST))

    def _add(self, request: HttpRequest, added: list[Source]) -> HttpResponse:
        if added:
            LogEntry.objects.log_actions(request.user.pk, added, ADDITION, "Imported from an OPML list.")  # type: ignore[arg-type]
        state = "on" if "is_active" in request.POST else "off: tick “is active” for those you want"
        feeds = "1 feed added. It is" if len(added) == 1 else f"{len(added)} feeds added. They are"
        messages.success(request, f"{feeds} switched {state}.")
        return redirect("admin:digest_source_changelist")

    def _page(
        self, request: HttpRequest, *, form: OpmlForm | None = None, found: ImportPlan | None = None
    ) -> TemplateResponse:
        site: admin.AdminSite = self.admin_site  # type: ignore[attr-defined]
        shown = [(outline.name, outline.address) for outline in found.new] if found else []
        context: dict[str, Any] = site.each_context(request) | {
            "title": "Import OPML",
            "opts": Source._meta,
            "form": form or OpmlForm(),
            "found": found,
            "is_checked": "check" in request.POST,
            "shown": signing.dumps(shown, salt=SALT, compress=True),
        }
        return TemplateResponse(request, "admin/digest/source/import_opml.html", context)
