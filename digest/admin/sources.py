"""Sources of papers, and the log of reading them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from kombu.exceptions import OperationalError

from digest import tasks
from digest.admin.base import LONGEST, outcome_of
from digest.admin.category_topics import MakesCategoryTopicsAdmin
from digest.admin.opml import ImportsOpmlAdmin
from digest.ingest import source_health
from digest.ingest.fetch_problems import explain
from digest.ingest.source_preview import SourcePreview, preview_source, problem_with
from digest.models import FetchRun, Source, Turn, Validator
from digest.text.cleanup import without_secrets
from subscriptions.admin.base import EditsRowsAdmin, OwnsALogAdmin, ReadOnlyAdmin, SavesChangesAdmin, log_action
from subscriptions.admin.filters import SelectFilter

WEEK = dt.timedelta(days=7)


class SourceForm(forms.ModelForm[Source]):
    """The form of a source. Its button "Try it" shows it again as typed, with a preview, and doesn't save it."""

    class Meta:
        model = Source
        fields = ["kind", "key", "name", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_trial = "_try" in self.data
        if self.is_trial and "name" in self.fields:
            self.fields["name"].required = False  # required only for saving

    def clean(self) -> dict[str, Any]:
        """Validate kind and key if they changed, so that a source that no longer works can be renamed or disabled."""
        cleaned = super().clean() or self.cleaned_data
        is_new = {"kind", "key"} & set(self.changed_data) and {"kind", "key"} <= set(cleaned)
        if is_new and (problem := problem_with(cleaned["kind"], cleaned["key"])):
            self.add_error("key", problem)
        return cleaned

    def is_valid(self) -> bool:
        return super().is_valid() and not self.is_trial

    def try_it(self) -> SourcePreview | None:
        """Return a preview, or None if kind or key have errors, which the form shows."""
        if {"kind", "key"} & set(self.errors):
            return None
        return preview_source(self.cleaned_data["kind"], self.cleaned_data["key"], timezone.now().date())


class IsFailing(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("trouble", "Failing")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Source]) -> QuerySet[Source]:
        if self.value() != "trouble":
            return queryset
        return queryset.filter(pk__in=[failing.source.pk for failing in source_health.failing_sources()])


@admin.register(Source)
class SourceAdmin(
    MakesCategoryTopicsAdmin,
    ImportsOpmlAdmin,
    EditsRowsAdmin,
    OwnsALogAdmin,
    SavesChangesAdmin,
    admin.ModelAdmin[Source],
):
    form = SourceForm
    list_display = ["name", "where", "is_active", "new_this_week", "how_it_does"]
    list_editable = ["is_active"]
    list_filter = [IsFailing, "kind", "is_active"]
    search_fields = ["name", "key"]
    search_help_text = "A part of its name."
    actions = ["fetch_now"]
    readonly_fields = ["address"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        runs = FetchRun.objects.filter(source=OuterRef("pk"))
        week = runs.filter(started_at__gte=timezone.now() - WEEK).order_by().values("source")
        last = FetchRun.objects.filter(pk=OuterRef("last_run"))
        found: QuerySet[Any] = source_health.with_last_run(super().get_queryset(request)).annotate(
            last_started=Subquery(last.values("started_at")),
            last_status=Subquery(last.values("status")),
            last_message=Subquery(last.values("message")),
            week_new=Subquery(week.annotate(sum=Sum("new")).values("sum")),
        )
        return found

    def get_fields(self, request: HttpRequest, obj: Source | None = None) -> Any:
        """Return the fields. Only staff who may change the source see secrets in its address."""
        may_change = self.has_change_permission(request, obj) if obj else True
        return ["kind", "key" if may_change else "address", "name", "is_active"]

    @admin.display(description="key")
    def address(self, source: Source) -> str:
        return without_secrets(source.key)

    @admin.display(description="where", ordering="key")
    def where(self, source: Source) -> str:
        return format_html("{}<p>{}</p>", source.get_kind_display(), without_secrets(source.key))

    @admin.display(description="last run", ordering="last_started")
    def how_it_does(self, source: Any) -> str:
        if not source.last_started:
            return "never"
        runs = f"{reverse('admin:digest_fetchrun_changelist')}?source__id__exact={source.pk}&status=all"
        started = f"{date_format(source.last_started, 'j M Y, H:i')} UTC"
        return format_html('<a href="{}">{}</a>: {}', runs, started, _outcome(source))

    @admin.display(description="new in 7 days", ordering="week_new")
    def new_this_week(self, source: Any) -> int:
        return source.week_new or 0

    @admin.action(description="Fetch papers from the selected sources now", permissions=["change"])
    def fetch_now(self, request: HttpRequest, queryset: QuerySet[Source]) -> None:
        """Have workers fetch, because some sources take longer than a browser waits."""
        active = [source for source in queryset if source.is_active]
        log_action(request, active, "Asked workers to fetch.")
        try:
            for source in active:
                tasks.collect_source.delay(source.pk)
        except OperationalError as error:
            problem = f"Nothing is fetched, because the broker can’t be reached ({error})."
            self.message_user(request, problem, messages.ERROR)
            return
        if len(active) < len(queryset):
            self.message_user(request, "Inactive sources are skipped.", messages.WARNING)
        if active:
            names, runs = ", ".join(map(str, active)), reverse("admin:digest_fetchrun_changelist")
            message = 'Fetching now: {}. See the results in <a href="{}">Fetch runs</a>.'
            self.message_user(request, format_html(message, names, runs))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().changeform_view(request, *args, **kwargs)
        if "_try" in request.POST and isinstance(response, TemplateResponse) and response.context_data:
            # After the view, which holds a transaction: nothing should wait for the network within one.
            response.context_data["trial"] = response.context_data["adminform"].form.try_it()
        return response


def _outcome(source: Any) -> str:
    status, label = source.last_status, FetchRun.Status(source.last_status).label
    failing = source_health.failure_of(source) if source.is_active else None
    if failing:
        details = format_html('<p class="in-trouble"><strong>Failing:</strong> {}</p>', failing.summary[:LONGEST])
        return format_html("{}{}", outcome_of(status, "", text=label), details)
    return outcome_of(status, explain(source.last_message), text=label)


class StatusFilter(admin.SimpleListFilter):
    """The result of a run. Most runs change nothing, so the list leaves those out unless it is asked for them."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "All"), *FetchRun.Status.choices]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the default after “All”, so that the button names it."""
        default, everything, *others = super().choices(changelist)
        yield from (everything, default | {"display": "all but unchanged"}, *others)

    def queryset(self, request: HttpRequest, queryset: QuerySet[FetchRun]) -> QuerySet[FetchRun]:
        status = self.value()
        if status is None:
            return queryset.exclude(status=FetchRun.Status.UNCHANGED)
        return queryset if status == "all" else queryset.filter(status=status)


@admin.register(FetchRun)
class FetchRunAdmin(ReadOnlyAdmin, admin.ModelAdmin[FetchRun]):
    empty_text = "Nothing yet. Attempts that changed nothing are not listed: to see them, choose “All” as the status."
    list_display = ["source", "day", "outcome", "papers", "started_at", "took"]
    list_filter = [StatusFilter, ("source", SelectFilter), "started_at"]
    search_fields = ["message"]
    date_hierarchy = "started_at"
    list_select_related = ["source"]

    @admin.display(ordering="status")
    def outcome(self, run: FetchRun) -> str:
        return outcome_of(run.status, explain(run.message), text=run.get_status_display())

    @admin.display(ordering="new")
    def papers(self, run: FetchRun) -> str:
        counts = {"new": run.new, "changed": run.changed, "rejected": run.rejected}
        return ", ".join(f"{number}\N{NO-BREAK SPACE}{name}" for name, number in counts.items() if number) or "none"

    @admin.display(ordering="seconds")
    def took(self, run: FetchRun) -> str:
        return f"{run.seconds:.1f}\N{NO-BREAK SPACE}s"


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin, admin.ModelAdmin[Turn]):
    list_display = ["name", "free_at"]
    search_fields = ["name"]


@admin.register(Validator)
class ValidatorAdmin(ReadOnlyAdmin, admin.ModelAdmin[Validator]):
    list_display = ["source", "without_keys", "etag", "last_modified"]
    fields = ["source", "without_keys", "etag", "last_modified"]
    search_fields = ["source__name"]
    list_select_related = ["source"]

    @admin.display(description="address", ordering="address")
    def without_keys(self, validator: Validator) -> str:
        return without_secrets(validator.address)
