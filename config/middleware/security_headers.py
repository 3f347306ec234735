"""What browsers are told with every answer, beyond what Django's own middleware says."""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from config.errors import page_not_found

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def headers(get_response: GetResponse) -> GetResponse:
    """A content security policy on everything, unless the view has one of its own."""
    policy = _policy(settings.CONTENT_SECURITY_POLICY)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # Django's page of a traceback, which only developers see, is styled from within.
        if not (settings.DEBUG and response.status_code == 500):
            response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return _without_body(response) if request.method == "HEAD" else response

    return middleware


class OwnNotFoundPage:
    """In development, too, what is not there is answered as readers will see it, not with a list of addresses."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_no_address = response.status_code == 404 and request.resolver_match is None
        return page_not_found(request, Http404()) if settings.DEBUG and is_no_address else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return page_not_found(request, exception) if isinstance(exception, Http404) else None


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """The length of the page stays said; servers warn of bodies that nobody may see."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    return response


def _policy(directives: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
