"""Thumbnails of papers, served from this site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.models import Thumbnail
from digest.site import images
from digest.site.images import MEDIA_TYPE


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def thumbnail(request: HttpRequest, pk: int, mark: str) -> HttpResponse:
    """Return the image. Browsers may keep it for a year, because `mark` changes with the image."""
    stored = get_object_or_404(Thumbnail, paper=pk, mark=mark, paper__is_hidden=False)
    return HttpResponse(bytes(stored.image), content_type=MEDIA_TYPE)


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def email_thumbnail(request: HttpRequest, pk: int, mark: str) -> HttpResponse:
    """Return the image as a JPEG, for emails. Mail providers cache it for their readers."""
    stored = get_object_or_404(Thumbnail, paper=pk, mark=mark, paper__is_hidden=False)
    return HttpResponse(images.to_jpeg(bytes(stored.image)), content_type="image/jpeg")
