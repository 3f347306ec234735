"""django-celery-beat's pages of tasks and schedules, with checks of permissions and input, and log entries."""

from typing import Any

from celery.schedules import ParseException, crontab
from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatAdmin  # its import registers the pages to replace
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from subscriptions.admin.base import DATES_AND_TIMES, log_action
from subscriptions.pills import pill

DELETE = "delete_selected"  # has its own permission

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
    list_display = ["what", "state", "when", "last_run_at"]
    list_filter = ["enabled"]
    ordering = ["task"]

    @admin.display(description="task", ordering="task")
    def what(self, task: PeriodicTask) -> str:
        """Return what the task does, the first sentence of its description, above its name."""
        about = task.description.partition(". ")[0].rstrip(".")
        return format_html("{}<p>{}</p>", about, task.name) if about else task.name

    @admin.display(description="state", ordering="enabled")
    def state(self, task: PeriodicTask) -> str:
        return pill("ok", "on") if task.enabled else pill("paused", "off")

    @admin.display(description="when")
    def when(self, task: PeriodicTask) -> str:
        return task.crontab.human_readable if task.crontab else str(task.scheduler or "")

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
