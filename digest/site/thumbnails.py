"""Thumbnails of papers, fetched once and served from this site, so that no other site sees our readers."""

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Sequence

from django.conf import settings
from django.db.models import F, Q, QuerySet

from digest import isolation
from digest.ingest.http_client import make_client
from digest.models import Paper, Source, Thumbnail
from digest.site import images
from digest.site.images import PictureError
from digest.sources.records import SourceError, StoppedError, UnreachableError

logger = logging.getLogger(__name__)

RECENT = dt.timedelta(days=14)  # thumbnails are fetched for the editions of this time
TRY_AGAIN = dt.timedelta(hours=12)
MOST_TRIES = 3


def fetch_missing(*, now: dt.datetime, seconds: float) -> int:
    """Fetch missing thumbnails for up to `seconds`, and return how many were stored.

    If a host can't be reached, its other images are skipped until the next call. That call starts with another image,
    because this one may be the cause.
    """
    deadline = time.monotonic() + seconds
    fetched, unreachable = 0, set[str]()
    # A source gave the address, so it may lead to public hosts only, like a feed's.
    http = make_client(Source.Kind.FEED)
    for paper in _missing(now):
        if time.monotonic() > deadline:
            break
        host = paper.thumbnail_url.split("/")[2]
        if host in unreachable:
            continue
        try:
            fetched += _store(paper, shrink(http.get(paper.thumbnail_url)), "", now)
        except StoppedError:
            break
        except UnreachableError as error:
            logger.info("Can't fetch thumbnails now, will try again later: %s", error)
            unreachable.add(host)
            _store(paper, b"", str(error), now, counts=False)
        except (SourceError, PictureError) as error:
            _store(paper, b"", str(error), now)
    return fetched


def of_papers(papers: Sequence[Paper]) -> dict[int, str]:
    """Return the mark of each paper's thumbnail by the paper's primary key; papers without one are left out."""
    rows = Thumbnail.objects.filter(paper__in=[paper.pk for paper in papers]).exclude(mark="")
    return dict(rows.values_list("paper_id", "mark"))


def shrink(body: bytes) -> bytes:
    """Call `images.shrink` in a child process with limits. Raises PictureError."""
    try:
        return isolation.run(images.shrink, body)
    except isolation.IsolationError as error:
        raise PictureError(str(error)) from error


def _missing(now: dt.datetime) -> QuerySet[Paper]:
    if not settings.FETCH_THUMBNAILS:
        return Paper.objects.none()
    shown = Paper.objects.filter(edition__day__gte=now.date() - RECENT, is_hidden=False)
    shown = shown.filter(thumbnail_url__startswith="https://")
    never = Q(thumbnail=None) | ~Q(thumbnail__address=F("thumbnail_url"))
    failed = Q(thumbnail__mark="", thumbnail__tries__lt=MOST_TRIES, thumbnail__tried_at__lt=now - TRY_AGAIN)
    return shown.filter(never | failed).order_by("-edition__day", "-votes", "pk").only("thumbnail_url")


def _store(paper: Paper, image: bytes, problem: str, now: dt.datetime, counts: bool = True) -> bool:
    """Store the thumbnail or the problem, and return whether there is a thumbnail.

    `counts` is whether this attempt counts as one of MOST_TRIES.
    """
    known = Thumbnail.objects.filter(paper=paper, address=paper.thumbnail_url).first()
    values = {
        "address": paper.thumbnail_url,
        "image": image,
        "mark": hashlib.sha256(image).hexdigest()[:12] if image else "",
        "problem": problem,
        "tries": (known.tries if known else 0) + counts,
        "tried_at": now,
    }
    Thumbnail.objects.update_or_create(paper=paper, defaults=values)
    return bool(image)
