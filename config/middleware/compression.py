"""Pages are packed on their way, where that tells nobody anything."""

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware


class Compression(GZipMiddleware):
    """Pack what anybody may see. What belongs to one reader or admin holds secrets, which the length of a packed
    page can betray (BREACH): such pages are marked as private, and go out as they are."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:  # type: ignore[override]
        if "private" in response.headers.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)  # type: ignore[return-value]
