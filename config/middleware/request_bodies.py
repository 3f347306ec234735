"""Request bodies: limits on their size, checked before anything reads them, and those that break off."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase, UnreadablePostError
from django.shortcuts import render

from digest.api import problems
from digest.api.problems import ProblemError

GetResponse = Callable[[HttpRequest], HttpResponseBase]
PERCENT_ENCODED = "application/x-www-form-urlencoded"


def bodies(get_response: GetResponse) -> GetResponse:
    """Answer 413 to requests with a larger body than their path allows, and 400 if a body breaks off."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        largest = largest_body(request.path_info, request.content_type or "")
        if _length(request) <= largest:
            return get_response(request)
        if request.path_info.startswith("/api/"):
            return problems.response(ProblemError(413, f"The body is larger than {largest // 1024} KB."))
        return render(request, "413.html", {"largest": largest // 1024}, status=413)

    middleware.process_exception = _answer_break  # type: ignore[attr-defined]  # Django calls it for errors of views
    return middleware


def _answer_break(_request: HttpRequest, error: Exception) -> HttpResponse | None:
    return HttpResponseBadRequest() if isinstance(error, UnreadablePostError) else None


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
