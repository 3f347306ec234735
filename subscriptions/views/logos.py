"""The uploaded logos, for pages and emails."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from subscriptions.models import Logo


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def logo(request: HttpRequest, mark: str) -> HttpResponse:
    """Return the image. Browsers may keep it for a year, because `mark` changes with the image."""
    return HttpResponse(bytes(get_object_or_404(Logo, mark=mark).image), content_type="image/png")
