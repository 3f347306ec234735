"""Thumbnails of papers, fetched once and served from this site, so that no other site sees our readers."""

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Sequence

from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When

from digest import isolation
from digest.ingest.source_client import make_client
from digest.models import Paper, Source, Thumbnail
from digest.site import images
from digest.site.images import PictureError
from digest.sources.http import Http
from digest.sources.records import SourceError, StoppedError, UnreachableError

logger = logging.getLogger(__name__)

FETCHED_FOR = dt.timedelta(days=14)  # after the day of a paper's edition
TRY_AGAIN = dt.timedelta(hours=12)
MAX_TRIES = 3


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
        host = _addresses(paper)[0].split("/")[2]
        if host in unreachable:
            continue
        try:
            fetched += _store(paper, *_fetch(http, paper), now)
        except StoppedError:
            break
        except UnreachableError as error:
            logger.info("Can't fetch thumbnails now, will try again later: %s", error)
            unreachable.add(host)
            _store(paper, b"", str(error), now, counts=False)
    return fetched


def of_papers(papers: Sequence[Paper]) -> dict[int, str]:
    """Return the mark of each paper's thumbnail by the paper's primary key; papers without one are left out."""
    rows = Thumbnail.objects.filter(paper__in=[paper.pk for paper in papers]).exclude(mark="")
    return dict(rows.values_list("paper_id", "mark"))


def shrink(body: bytes) -> bytes:
    """Call `images.shrink` in a child process with limits. Raise PictureError."""
    try:
        return isolation.run(images.shrink, body)
    except isolation.IsolationError as error:
        raise PictureError(str(error)) from error


def _addresses(paper: Paper) -> list[str]:
    """Return the addresses of the paper's pictures, the best first."""
    return [address for address in (paper.figure_url, paper.thumbnail_url) if address.startswith("https://")]


def _fetch(http: Http, paper: Paper) -> tuple[bytes, str]:
    """Return the first picture that is usable, made small, and what was wrong with others. Raise UnreachableError."""
    problems: list[str] = []
    for address in _addresses(paper):
        try:
            return shrink(http.get(address)), " ".join(problems)
        except UnreachableError:
            raise
        except (SourceError, PictureError) as error:
            problems.append(str(error))
    return b"", " ".join(problems)


def _missing(now: dt.datetime) -> QuerySet[Paper]:
    if not settings.FETCH_THUMBNAILS:
        return Paper.objects.none()
    shown = Paper.objects.filter(edition__day__gte=now.date() - FETCHED_FOR, is_hidden=False)
    best = Case(When(figure_url__startswith="https://", then=F("figure_url")), default=F("thumbnail_url"))
    shown = shown.annotate(best=best).filter(best__startswith="https://")
    never = Q(thumbnail=None) | ~Q(thumbnail__address=F("best"))
    failed = Q(thumbnail__mark="", thumbnail__tries__lt=MAX_TRIES, thumbnail__tried_at__lt=now - TRY_AGAIN)
    return shown.filter(never | failed).order_by("-edition__day", "-votes", "pk").only("thumbnail_url", "figure_url")


def _store(paper: Paper, image: bytes, problem: str, now: dt.datetime, counts: bool = True) -> bool:
    """Store the thumbnail or the problem, and return whether there is a thumbnail.

    `counts` is whether this attempt counts as one of MAX_TRIES.
    """
    address = _addresses(paper)[0]
    known = Thumbnail.objects.filter(paper=paper, address=address).first()
    values = {
        "address": address,
        "image": image,
        "mark": hashlib.sha256(image).hexdigest()[:12] if image else "",
        "problem": problem,
        "tries": (known.tries if known else 0) + counts,
        "tried_at": now,
    }
    Thumbnail.objects.update_or_create(paper=paper, defaults=values)
    return bool(image)
