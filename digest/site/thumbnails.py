"""Pictures of papers, brought in once and shown from here: no reader's browser asks anybody else for them."""

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

RECENT = dt.timedelta(days=14)  # editions whose papers' pictures are asked for
TRY_AGAIN = dt.timedelta(hours=12)
MOST_TRIES = 3


def fetch_missing(*, now: dt.datetime, seconds: float) -> int:
    """Fetch the pictures that are missing, for so long; how many came. A host that is down is asked again next time,
    for another picture first: it may be the picture's fault."""
    deadline = time.monotonic() + seconds
    came, down = 0, set[str]()
    # An address comes with a paper, from wherever: it may lead to public hosts only.
    http = make_client(Source.Kind.FEED)
    for paper in _missing(now):
        if time.monotonic() > deadline:
            break
        host = paper.thumbnail_url.split("/")[2]
        if host in down:
            continue
        try:
            came += _keep(paper, shrink(http.get(paper.thumbnail_url)), "", now)
        except StoppedError:
            break
        except UnreachableError as error:
            logger.info("Pictures wait: %s", error)
            down.add(host)
            _keep(paper, b"", str(error), now, counts=False)
        except (SourceError, PictureError) as error:
            _keep(paper, b"", str(error), now)
    return came


def of_papers(papers: Sequence[Paper]) -> dict[int, str]:
    """The mark of each paper's picture, by the paper's pk; nothing for those without one."""
    rows = Thumbnail.objects.filter(paper__in=[paper.pk for paper in papers]).exclude(mark="")
    return dict(rows.values_list("paper_id", "mark"))


def shrink(body: bytes) -> bytes:
    """Return what `images.shrink` makes of `body`, in a process with limits. Raises PictureError."""
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


def _keep(paper: Paper, image: bytes, problem: str, now: dt.datetime, counts: bool = True) -> bool:
    """Store the picture, or why there is none, and whether that counts as one of its tries; whether there is."""
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
