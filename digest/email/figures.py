"""The pictures of papers in emails: the thumbnails that this site serves, at the same address for all readers."""

from django.conf import settings
from django.urls import reverse

from digest.models import Paper


def picture_url(paper: Paper) -> str:
    """Return the absolute URL of the paper's picture, or "" if it has none or email clients could not fetch it.

    Clients and their proxies fetch images from public addresses only, so the site needs https. In development the
    outbox shows them, too.
    """
    mark = getattr(paper, "picture", None)  # see digest.editions.candidates
    if not mark or not (settings.SITE_URL.startswith("https://") or settings.DEBUG):
        return ""
    return settings.SITE_URL + reverse("digest:email_thumbnail", args=[paper.pk, mark])


FILTERS = {"picture_url": picture_url}
