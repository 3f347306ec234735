"""Limits on the size of request bodies, checked before anything reads them."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from digest.api import problems
from digest.api.problems import ProblemError

GetResponse = Callable[[HttpRequest], HttpResponseBase]
PERCENT_ENCODED = "application/x-www-form-urlencoded"


def bodies(get_response: GetResponse) -> GetResponse:
    """Answer 413 to requests with a larger body than their path allows."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        largest = largest_body(request.path_info, request.content_type or "")
        if _length(request) <= largest:
            return get_response(request)
        if request.path_info.startswith("/api/"):
            return problems.response(ProblemError(413, f"The body is larger than {largest // 1024} KB."))
        return render(request, "413.html", {"largest": largest // 1024}, status=413)

    return middleware


def largest_body(path: str, content_type: str = "") -> int:
    """Return the maximum size of a body in bytes at `path`, which has no language prefix."""
    sizes = (size for beginning, size in settings.LARGEST_BODIES.items() if path.startswith(beginning))
    largest: int = next(sizes, settings.LARGEST_BODY)
    return min(largest, settings.LARGEST_FORM) if content_type == PERCENT_ENCODED else largest


def _length(request: HttpRequest) -> int:
    """Return the length that the request declares. Django reads no more than that."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
