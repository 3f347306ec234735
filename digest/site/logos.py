"""Uploaded logos, stored in the database."""

import datetime as dt
import hashlib

from digest import isolation
from digest.site import images
from digest.site.images import PictureError
from subscriptions.models import Logo

MAX_BYTES = 1_500_000  # of an uploaded file; bodies of the admin's forms are limited to 2 MB
UNUSED_FOR = dt.timedelta(days=1)  # after that, a logo that was only previewed is deleted


def store(body: bytes, *, now: dt.datetime) -> Logo:
    """Store the image, encoded again in a child process with limits. Raise PictureError."""
    if len(body) > MAX_BYTES:
        raise PictureError(f"larger than {MAX_BYTES / 1e6:.1f} MB")
    try:
        png = isolation.run(images.shrink_logo, body)
    except isolation.IsolationError as error:
        raise PictureError(str(error)) from error
    Logo.objects.filter(used_at=None, uploaded_at__lt=now - UNUSED_FOR).delete()
    mark = hashlib.sha256(png).hexdigest()[:12]
    return Logo.objects.get_or_create(mark=mark, defaults={"image": png, "uploaded_at": now})[0]


def displayed_size(logo: Logo, height: int, most_width: int) -> tuple[int, int]:
    """Return the width and height that keep the logo's shape and fit into these."""
    width, original = images.png_size(bytes(logo.image))
    scale = min(height / original, most_width / width)
    return max(round(width * scale), 1), max(round(original * scale), 1)


def mark_used(mark: str, *, now: dt.datetime) -> None:
    Logo.objects.filter(mark=mark, used_at=None).update(used_at=now)
