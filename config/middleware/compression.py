"""Compression of pages that hold no secrets."""

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware


class Compression(GZipMiddleware):
    """Compress public pages only.

    Pages for one reader or admin hold secrets, and the length of a compressed page can leak them (BREACH). These pages
    have `private` in Cache-Control.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if "private" in response.headers.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)  # type: ignore[return-value]
