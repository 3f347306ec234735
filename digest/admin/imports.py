"""The pages that import readers: upload a file, review how it is read, try it out, start it, and see its result."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings as site
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from digest.models import Job
from digest.ops.jobs import import_jobs, runner
from digest.ops.uploaded_tables import as_text, private_copy
from subscriptions import audit, time_zones
from subscriptions.admin.base import ReadOnlyAdmin
from subscriptions.exchange import products, reader_import, uploads
from subscriptions.exchange.products import ReaderField
from subscriptions.exchange.reader_file import ImportSettings
from subscriptions.exchange.reader_rows import LONGEST_SOURCE
from subscriptions.exchange.reader_store import LABELS
from subscriptions.exchange.suppression_import import LABELS as SUPPRESSION_LABELS
from subscriptions.exchange.tables import TableError
from subscriptions.models import ReaderImport, Subscriber, Topic

JOBS = (import_jobs.TRY, import_jobs.IMPORT)
NAMES = {
    ReaderField.ADDRESS: "Email address",
    ReaderField.STATUS: "Status",
    ReaderField.TOPICS: "Topics or tags",
    ReaderField.WORDS: "Own words",
    ReaderField.LANGUAGE: "Language",
    ReaderField.FREQUENCY: "Frequency",
    ReaderField.TIME_ZONE: "Time zone",
    ReaderField.SIGNED_UP: "Time of sign-up",
    ReaderField.CONSENT_SOURCE: "Source of consent",
    ReaderField.CONSENT_DATE: "Date of consent",
}


class UploadForm(forms.Form):
    """The file to import."""

    file = forms.FileField(
        label="File",
        help_text=f"CSV, XLSX, or a zip file of CSV files: an export of {products.names('or')}, or your own table. You "
        "review it first. It is deleted once it has been imported.",
    )


class SettingsForm(forms.Form):
    """The choices for the whole file, and the column of each field."""

    consent_source = forms.CharField(
        required=False,
        max_length=LONGEST_SOURCE,
        label="How the readers agreed",
        help_text="Such as “sign-up form on example.org”. It is kept in the log of consents, with your name.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    consent_date = forms.DateField(
        required=False,
        label="When they agreed",
        help_text="This is used for rows that have no date of consent.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    topics = forms.ModelMultipleChoiceField(
        Topic.objects.none(),
        required=False,
        to_field_name="slug",
        help_text="They are for new readers if their rows name no topic that this site has. "
        "Without any, they get the papers with the most votes.",
    )
    language = forms.ChoiceField(choices=site.LANGUAGES, help_text="This is used for rows that have none.")
    frequency = forms.ChoiceField(
        choices=Subscriber.Frequency.choices, help_text="This is used for rows that have none."
    )
    time_zone = forms.ChoiceField(help_text="This is used for rows that have none.")
    confirm = forms.BooleanField(
        required=False,
        label="Ask each reader to confirm by email, and send nothing else until they do",
    )
    update = forms.BooleanField(
        required=False, label="Also change the preferences of readers who exist, and add topics"
    )
    suppress = forms.BooleanField(
        required=False, label="Suppress the addresses that unsubscribed, bounced or complained in the other product"
    )

    def __init__(self, *args: Any, header: list[str], guessed: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guessed = guessed
        choices: Any = self.fields["topics"]
        choices.queryset = Topic.objects.offered()
        zones: Any = self.fields["time_zone"]
        zones.choices = [(zone, zone) for zone in time_zones.offered()]
        for kind, label in NAMES.items():
            self.fields[f"column_{kind}"] = forms.ChoiceField(
                choices=[("", "none"), *((column, column) for column in header)],
                required=kind is ReaderField.ADDRESS,
                label=label,
                initial=guessed.get(kind, ""),
            )

    def settings(self) -> ImportSettings:
        given = self.cleaned_data
        chosen = {kind.value: given[f"column_{kind}"] for kind in NAMES}
        return ImportSettings(
            consent_source=given["consent_source"],
            consent_date=given["consent_date"].isoformat() if given["consent_date"] else "",
            columns={kind: name for kind, name in chosen.items() if name != self._guessed.get(kind, "")},
            topics=tuple(sorted(topic.slug for topic in given["topics"])),
            **{name: given[name] for name in ("language", "frequency", "time_zone", "confirm", "update", "suppress")},
        )

    def of_file(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith("column_") and not self._is_box(name)]

    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if self._is_box(name)]

    def columns(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("column_")]

    def _is_box(self, name: str) -> bool:
        return isinstance(self.fields[name], forms.BooleanField)


@admin.register(ReaderImport)
class ReaderImportAdmin(ReadOnlyAdmin, admin.ModelAdmin[ReaderImport]):
    """A list of imports. The page of one leads through its steps."""

    empty_text = "No imports yet. “Import readers” takes a file of another newsletter product, or a table of your own."
    list_display = ["file_name", "product", "created_by", "created_at", "rows", "finished_at"]
    list_filter = ["kind", "created_at"]
    search_fields = ["file_name", "created_by", "product"]
    show_full_result_count = False

    class Media:
        js = ["admin-jobs.js"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm("subscriptions.add_readerimport")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        # The body is read only after the permission is checked, so CSRF is checked by `_upload`.
        own = [
            path("add/", wrap(csrf_exempt(self.upload_view)), name="subscriptions_readerimport_add"),
            path("<int:pk>/start/", wrap(self.start_view), name="subscriptions_readerimport_start"),
            path("<int:pk>/rejects/", wrap(self.rejects_view), name="subscriptions_readerimport_rejects"),
            path("<int:pk>/change/", wrap(self.steps_view), name="subscriptions_readerimport_change"),
        ]
        return own + super().get_urls()

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file, and show how it is read."""
        self._check_may_import(request)
        response: HttpResponse = csrf_protect(self._upload)(request)
        return response

    def _upload(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_valid():
            try:
                record = _store(form.cleaned_data["file"], by=request.user.get_username())
            except TableError as error:
                form.add_error("file", str(error))
            else:
                audit.record(by=request.user, action="Uploaded a file of readers.", target=record)
                return _to(record)
        return self._page(request, "upload.html", {"title": "Import readers", "form": form})

    def steps_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the step that the import has reached. A POST stores its settings and starts the dry run."""
        if not self.has_view_permission(request) and not self.has_add_permission(request):
            raise PermissionDenied
        if not ReaderImport.objects.filter(pk=pk).exists():
            messages.warning(request, f"Import {pk} doesn’t exist. It may have been deleted. Upload the file again.")
            return HttpResponseRedirect(reverse("admin:index"))  # as the admin does for other rows
        record, may_import = self._record(request, pk), self.has_add_permission(request)
        job = Job.objects.filter(kind__in=JOBS, arguments__import=pk).order_by("-pk").first()
        is_busy = job is not None and not job.is_over
        preview = uploads.preview(record)
        header = list(dict.fromkeys(column for table in preview["tables"] for column in table["header"]))
        guessed = {kind: name for table in reversed(preview["tables"]) for kind, name in table["columns"].items()}
        form = SettingsForm(request.POST or None, header=header, guessed=guessed, initial=_initial(record))
        if request.method == "POST":
            self._check_may_import(request)
            if is_busy or record.rows_done or record.finished_at:
                messages.error(
                    request,
                    "The import has started, so its settings can’t be changed. Import the file again to use others.",
                )
                return _to(record)
            if form.is_valid():
                return _try(request, record, form.settings())
        context = {
            "title": record.file_name,
            "original": record,
            "form": form,
            "preview": preview,
            "job": job if is_busy or (job and job.state != "done") else None,
            "is_busy": is_busy,
            "may_import": may_import,
            "may_start": may_import and not is_busy and not record.finished_at and bool(record.trial.get("counts")),
            "may_set": may_import and bool(header) and not is_busy and not record.finished_at and not record.rows_done,
            "expected": _labelled(record.trial.get("counts", {}), LABELS),
            "result": _labelled(record.counts, LABELS if record.kind == "readers" else SUPPRESSION_LABELS),
            "has_rejects": record.parts.filter(file="rejects").exists(),
        }
        return self._page(request, "steps.html", context)

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start the import that was tried out, or continue it."""
        self._check_may_import(request)
        record = self._record(request, pk)
        if request.method != "POST":
            return _to(record)
        with transaction.atomic():
            record = ReaderImport.objects.select_for_update().get(pk=pk)  # a second click waits here
            if record.finished_at or not record.trial.get("counts") or _has_job(record):
                text = "This import can’t be started now: it is running, finished, or was not tried out."
                messages.error(request, text)
            else:
                rows = record.trial.get("rows")
                runner.start(import_jobs.IMPORT, {"import": pk}, by=request.user.get_username(), total=rows)
        return _to(record)

    def rejects_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Download the rejected rows."""
        self._check_may_import(request)
        record = self._record(request, pk)
        audit.record(by=request.user, action="Downloaded the rejected rows.", target=record)
        response = StreamingHttpResponse(reader_import.rejects(record), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="rejected-rows-{pk}.csv"'
        return response

    def _check_may_import(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    def _record(self, request: HttpRequest, pk: int) -> ReaderImport:
        record = ReaderImport.objects.filter(pk=pk).first()
        if record is None:
            raise Http404(f"There is no import {pk}.")
        if not (self.has_view_permission(request, record) or self.has_add_permission(request)):
            raise PermissionDenied
        return record

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        shared = self.admin_site.each_context(request) | {"opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/subscriptions/readerimport/{template}", shared | context)


def _store(file: UploadedFile[bytes], *, by: str) -> ReaderImport:
    """Store an uploaded file, an XLSX file as CSV. Raise TableError if it is no table."""
    name = Path(file.name or "upload").name
    with private_copy(file.chunks()) as copy, as_text(copy, name) as text:
        return uploads.store_readers(text, name=name, by=by, now=timezone.now())


def _try(request: HttpRequest, record: ReaderImport, settings: ImportSettings) -> HttpResponse:
    """Store the settings, and start the dry run, unless another click has."""
    with transaction.atomic():
        locked = ReaderImport.objects.select_for_update().get(pk=record.pk)
        if not (_has_job(locked) or locked.rows_done or locked.finished_at):
            locked.settings, locked.trial = settings.as_json(), {}
            locked.save(update_fields=["settings", "trial"])
            runner.start(import_jobs.TRY, {"import": record.pk}, by=request.user.get_username())
    return _to(record)


def _has_job(record: ReaderImport) -> bool:
    """Return whether a job for the import is queued or running."""
    return Job.objects.filter(
        kind__in=JOBS, arguments__import=record.pk, state__in=(Job.State.QUEUED, Job.State.RUNNING)
    ).exists()


def _initial(record: ReaderImport) -> dict[str, Any]:
    stored = record.settings
    columns = {f"column_{kind}": name for kind, name in stored.get("columns", {}).items()}
    return {name: value for name, value in stored.items() if name != "columns"} | columns


def _labelled(counts: dict[str, int], labels: Mapping[Any, str]) -> list[tuple[str, int]]:
    return [(label, counts[name]) for name, label in labels.items() if counts.get(name)]


def _to(record: ReaderImport) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:subscriptions_readerimport_change", args=[record.pk]))
