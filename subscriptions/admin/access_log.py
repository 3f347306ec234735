"""Entries in the audit log for staff who look at personal data: they open a reader's page, or search for an address."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from subscriptions import audit
from subscriptions.models import Subscriber


class LogsSearchesAdmin:
    """A list of personal data. A search for an address is logged, without the address."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]
        if "@" in request.GET.get("q", "") and response.status_code == 200:
            name = self.model._meta.verbose_name_plural  # type: ignore[attr-defined]
            audit.record(by=request.user, action="Searched for an address.", target=f"all {name}")
        return response


class LogsOpeningAdmin:
    """A page of a reader, or of a row about one. Opening it is logged for the reader."""

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().change_view(request, object_id, *args, **kwargs)  # type: ignore[misc]
        if request.method == "GET" and response.status_code == 200:
            context: dict[str, Any] = getattr(response, "context_data", None) or {}
            log_opening(request, context.get("original"))
        return response


def log_opening(request: HttpRequest, row: Any) -> None:
    """Log that staff opened the page of a reader, or that of a row about a reader."""
    reader = row if isinstance(row, Subscriber) else getattr(row, "subscriber", None)
    if isinstance(reader, Subscriber):
        about = "" if reader is row else f" of the {row._meta.verbose_name}"
        audit.record(by=request.user, action=f"{audit.OPENED}{about}.", target=reader)
