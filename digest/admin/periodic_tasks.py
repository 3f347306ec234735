"""django-celery-beat's pages of tasks and schedules, with checks of permissions and input, and log entries."""

from typing import Any

from celery.schedules import ParseException, crontab
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatAdmin  # its import registers the pages to replace
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from digest.ops import schedule_words
from subscriptions.admin.base import DATES_AND_TIMES, log_action
from subscriptions.pills import pill

DELETE = "delete_selected"  # has its own permission

# What the package's own task does, which has no description.
DESCRIPTIONS = {"celery.backend_cleanup": "Delete old results of tasks"}
KEPT = "This is kept. The schedule and the options of the site’s own tasks are reset each time beat starts."
TECHNICAL = [
    *("name", "regtask", "task", "description", "crontab", "crontab_translation", "interval", "solar", "clocked"),
    *("start_time", "one_off", "args", "kwargs", "expires", "expire_seconds", "queue", "exchange", "routing_key"),
    *("priority", "headers"),
]

CRONTAB_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")

admin.site.unregister(PeriodicTask)
admin.site.unregister(CrontabSchedule)


class CrontabForm(forms.ModelForm[CrontabSchedule]):
    """The package's form fails with a server error on some input, such as a negative minute."""

    def clean(self) -> None:
        super().clean()
        for name in CRONTAB_FIELDS:
            try:
                crontab(**{name: self.cleaned_data.get(name, "*")})
            except (ParseException, ValueError) as error:
                self.add_error(name, f"This is not in crontab’s form: {error}.")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BeatCrontabAdmin):  # type: ignore[misc]
    form = CrontabForm


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BeatAdmin):  # type: ignore[misc]  # the package has no types
    formfield_overrides = DATES_AND_TIMES
    list_display = ["what", "state", "when", "last_run"]
    list_filter = ["enabled"]
    show_facets = admin.ShowFacets.NEVER
    ordering = ["task"]
    sortable_by: list[str] = []
    fieldsets = [
        (None, {"fields": ["enabled", "when", "last_run"]}),
        ("Technical details", {"fields": TECHNICAL, "classes": ["collapse"]}),
    ]
    readonly_fields = ["when", "last_run", "crontab_translation"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # beat adds the site's own tasks

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        words = {"labels": {"enabled": "On"}, "help_texts": {"enabled": KEPT}}
        return super().get_form(request, obj, **words | kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        named = dict.fromkeys(("heading", "subtitle", "crumb"), self.what(kwargs["obj"]))
        return super().render_change_form(request, context | named, *args, **kwargs)

    @admin.display(description="task")
    def what(self, task: PeriodicTask) -> str:
        """Return what the task does: the first sentence of its description."""
        about: str = task.description.partition(". ")[0].rstrip(".")
        return about or DESCRIPTIONS.get(task.task, task.name)

    @admin.display(description="on")
    def state(self, task: PeriodicTask) -> str:
        return pill("ok", "on") if task.enabled else pill("paused", "off")

    @admin.display(description="when")
    def when(self, task: PeriodicTask) -> str:
        return schedule_words.when(task)

    @admin.display(description="last run")
    def last_run(self, task: PeriodicTask) -> str:
        return date_format(task.last_run_at, "j M Y, H:i") if task.last_run_at else "not yet"

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions. Staff without permission to change tasks get none that changes or runs them.

        This includes actions that later releases of the package may add.
        """
        actions: dict[str, Any] = super().get_actions(request)
        may_change = self.has_change_permission(request)
        return {name: action for name, action in actions.items() if name == DELETE or may_change}

    @admin.action(description="Enable the selected tasks")
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        log_action(request, queryset, "Enabled.")
        super().enable_tasks(request, queryset)

    @admin.action(description="Disable the selected tasks")
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        log_action(request, queryset, "Disabled.")
        super().disable_tasks(request, queryset)

    @admin.action(description="Enable the selected tasks that are off, and disable the others")
    def toggle_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        log_action(request, queryset, "Enabled or disabled.")
        super().toggle_tasks(request, queryset)

    @admin.action(description="Run the selected tasks now")
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        log_action(request, queryset, "Run.")
        super().run_tasks(request, queryset)
