"""Security headers in addition to those of Django's own middleware.

Django 6 has a content security policy built in, and can replace `headers` one day.
"""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from config.errors import page_not_found

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def headers(get_response: GetResponse) -> GetResponse:
    """Add a content security policy to every response, unless the view has set its own."""
    policy = _policy(settings.CONTENT_SECURITY_POLICY)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # Django's traceback page for developers has inline styles.
        if not (settings.DEBUG and response.status_code == 500):
            response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return _without_body(response) if request.method == "HEAD" else response

    return middleware


class OwnNotFoundPage:
    """Show our own 404 page also in development, in place of Django's list of URLs."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_unresolved = response.status_code == 404 and request.resolver_match is None
        return page_not_found(request, Http404()) if settings.DEBUG and is_unresolved else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return page_not_found(request, exception) if isinstance(exception, Http404) else None


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """Remove the body but keep its length, because servers warn about a body in the response to HEAD."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    return response


def _policy(directives: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
