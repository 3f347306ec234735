"""Exports of readers and of the suppression list, and the page that imports a suppression list."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from digest import admin_requests
from digest.admin import bulk
from digest.email.formatting import count
from digest.ops.jobs import import_jobs, runner
from digest.ops.uploaded_tables import as_text, private_copy
from subscriptions import audit
from subscriptions.exchange import export, uploads
from subscriptions.exchange.suppression_lists import read_entries
from subscriptions.exchange.tables import TableError
from subscriptions.models import ReaderImport, Subscriber, Suppression

MAX_ENTRIES = 200_000  # addresses of a list, which may be zipped
MAX_EXPORTED = 50_000  # readers that a request can export before gunicorn ends it


class ExportsReadersAdmin:
    """The action that exports the selected readers, and the button that exports all that the list shows."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.export_view))  # type: ignore[attr-defined]
        return [path("export/", view, name="subscriptions_subscriber_export"), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = (extra_context or {}) | {"may_export": self.has_export_permission(request)}
        response: HttpResponse = super().changelist_view(request, shown)  # type: ignore[misc]
        return response

    def export_view(self, request: HttpRequest) -> HttpResponseRedirect | StreamingHttpResponse:
        """Download all readers, or those that the list's filters and its search find."""
        if not (self.has_view_permission(request) and self.has_export_permission(request)):  # type: ignore[attr-defined]
            raise PermissionDenied
        admin_requests.check(self, request, is_list=True)  # type: ignore[arg-type]
        page = HttpResponseRedirect(f"{reverse('admin:subscriptions_subscriber_changelist')}?{request.GET.urlencode()}")
        try:
            found: QuerySet[Subscriber] = self.get_changelist_instance(request).queryset  # type: ignore[attr-defined]
        except IncorrectLookupParameters:
            return page
        return self.export(request, found) or page

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.export_subscriber")

    @admin.action(description="Export the selected readers as CSV", permissions=["export"])
    def export(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> StreamingHttpResponse | None:
        number = queryset.count()
        if number > MAX_EXPORTED:
            advice = f"Choose at most {MAX_EXPORTED:,} readers, or run manage.py export_readers on the server."
            messages.error(request, f"{number:,} readers are too many to download. {advice}")
            return None
        detail = f"{count(number, 'row')}. {bulk.selection(self, request)}"
        audit.record(by=request.user, action="Exported readers.", target="readers", detail=detail)
        return _download(export.readers(queryset), "readers.csv")


class SuppressionListForm(forms.Form):
    file = forms.FileField(
        help_text="CSV or JSON of Amazon SES, Mailgun, SendGrid, Postmark, Mailjet or Brevo, or one address per line. "
        "2 MB at most; manage.py import_suppressions takes larger ones."
    )
    reason = forms.ChoiceField(
        choices=Suppression.Reason.choices, help_text="This is the reason for addresses that have none in the list."
    )


class ExchangesSuppressionsAdmin:
    """The page that imports a suppression list, and the link that exports the list."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view  # type: ignore[attr-defined]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [
            path("import/", wrap(self.import_view), name="subscriptions_suppression_import"),
            path("export/", wrap(self.export_view), name="subscriptions_suppression_export"),
            *urls,
        ]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a list, and start the job that suppresses its addresses."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        initial = {"reason": Suppression.Reason.ADMIN}
        form = SuppressionListForm(request.POST or None, request.FILES or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            try:
                record = _store(form.cleaned_data["file"], form.cleaned_data["reason"], by=request.user.get_username())
            except TableError as error:
                form.add_error("file", str(error))
            else:
                by = request.user.get_username()
                job = runner.start(import_jobs.SUPPRESS, {"import": record.pk}, by=by, total=record.rows)
                return HttpResponseRedirect(reverse("admin:digest_job_change", args=[job.pk]))
        site: admin.AdminSite = self.admin_site  # type: ignore[attr-defined]
        context: dict[str, Any] = site.each_context(request) | {
            "title": "Import a suppression list",
            "opts": Suppression._meta,
            "form": form,
        }
        return TemplateResponse(request, "admin/subscriptions/suppression/import.html", context)

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """Download the hashes of the suppressed addresses."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        return _download(export.suppressions(), "suppressions.csv")


def _store(file: UploadedFile[bytes], reason: str, *, by: str) -> ReaderImport:
    """Store the list for a worker. Raise TableError if it is none."""
    name = Path(file.name or "upload").name
    with private_copy(file.chunks()) as copy, as_text(copy, name) as text:
        rows = sum(1 for _entry in islice(read_entries(text, name), MAX_ENTRIES + 1))
        if not rows:
            raise TableError(
                f"There is no address in {name}. It needs one address on each line, or a column of addresses."
            )
        if rows > MAX_ENTRIES:
            raise TableError(f"{name} has more than {MAX_ENTRIES:,} addresses. Use manage.py import_suppressions.")
        record = ReaderImport.objects.create(
            kind=ReaderImport.Kind.SUPPRESSIONS,
            file_name=name[:200],
            settings={"reason": reason},
            created_by=by[:150],
            created_at=timezone.now(),
            rows=rows,
        )
        uploads.store_parts(record, text)
    return record


def _download(parts: Iterable[str], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
