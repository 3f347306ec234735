"""Actions on the rows selected in a list: on a few at once, and on more as a job, after a page that asks."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from digest.admin.jobs import started
from digest.ops.jobs import rows
from digest.ops.jobs.registry import Step
from digest.ops.jobs.rows import RowAction

_NO_FILTERS = frozenset({SEARCH_VAR, ORDER_VAR, PAGE_VAR, ALL_VAR})  # parameters of every list
Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def row_action(
    action: RowAction, permissions: Sequence[str], *, result: str, warning: str = "", asks: bool = False
) -> Action:
    """Return an action for a list, with the label of its job.

    Its message is the number of rows and `result`, such as “12 suppressed.” It asks for a confirmation, with `warning`,
    if the rows become a job or if `asks` is set.
    """

    def run(page: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        number = queryset.count()
        is_job = number > rows.AT_ONCE
        if (asks or is_job) and not is_confirmed(request):
            return confirmation(page, request, action.label, number, warning, is_job=is_job)
        pks, by = queryset.order_by().values_list("pk", flat=True), request.user.get_username()
        if is_job:
            messages.info(request, started(rows.start(action, pks, by=by, selection=selection(page, request))))
        else:
            report(request, rows.run_now(action, pks, by=by), result)
        return None

    run.__name__ = action.kind
    return admin.action(description=action.label, permissions=permissions)(run)


def selection(page: Any, request: HttpRequest) -> str:
    """Return a sentence for the audit log: the list with its filters.

    It does not quote a search, because that may be an address, and the log is kept longer than an erased reader.
    """
    filters = [f"{name}={value}" for name, value in request.GET.items() if value and name not in _NO_FILTERS]
    searched = ["a search"] if request.GET.get(SEARCH_VAR) else []
    found = ", ".join(filters + searched) or "no filter"
    return f"From the list of {page.model._meta.verbose_name_plural} ({found})."


def is_confirmed(request: HttpRequest) -> bool:
    return "post" in request.POST


def report(request: HttpRequest, step: Step, result: str) -> None:
    """Show staff how many rows were done, and how many were skipped and why."""
    if step.done or not step.skipped:
        messages.success(request, f"{step.done:,} {result}")
    for reason, number in step.skipped.items():
        messages.warning(request, f"{number:,} skipped: {reason}.")
    for problem in step.problems:
        messages.error(request, problem)


def confirmation(
    page: Any,
    request: HttpRequest,
    label: str,
    number: int,
    warning: str,
    *,
    is_job: bool,
    of: str = "",
    back: str = "",
) -> TemplateResponse:
    """Return the page that asks before the action runs, with the number of rows.

    Its form posts the same selection to the same address, so that a filter there still holds.
    """
    names = ("action", "select_across", ACTION_CHECKBOX_NAME)
    opts = page.model._meta
    context = page.admin_site.each_context(request) | {
        "title": f"{label}?",
        "label": label,
        "number": number,
        "of": of or (opts.verbose_name if number == 1 else opts.verbose_name_plural),
        "warning": warning,
        "is_job": is_job,
        "hidden": [(name, value) for name in names for value in request.POST.getlist(name)],
        "back": back or request.get_full_path(),
        "opts": opts,
        "media": page.media,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)
