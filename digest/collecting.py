"""Fetch, parse, ingest: one source after the other, each on its own. What comes of it is written down."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from digest import papers, sources, turns
from digest.models import FetchRun, Source
from digest.records import Batch, SourceError, UnreachableError
from digest.sources.http import Http
from digest.text import clean

logger = logging.getLogger(__name__)

MAX_PAGES = 20


Errand = tuple[Source, dt.date]


def collect(
    days: list[dt.date],
    *,
    only: int | None = None,
    track: Callable[[list[Errand]], Iterable[Errand]] = iter,
) -> list[FetchRun]:
    """Read every active source for each of `days`. A broken source is noted and stops no other.

    `only` names one source by its primary key. `track` may wrap the errands to show progress.
    """
    runs: list[FetchRun] = []
    down: set[int] = set()
    for source, day in track(errands(days, only)):
        if source.pk in down:
            continue
        runs.append(collect_one(source, day))
        if runs[-1].status == FetchRun.Status.UNREACHABLE:
            down.add(source.pk)  # its other days would each wait for nothing, too
    return runs


def errands(days: list[dt.date], only: int | None = None) -> list[Errand]:
    """What there is to read for `days`, oldest first: a source that only knows today is read once."""
    active = Source.objects.filter(is_active=True)
    if only is not None:
        active = active.filter(pk=only)
    return [
        (source, day)
        for day in sorted(days)
        for source in active
        if sources.KINDS[source.kind].BY_DAY or day == max(days)
    ]


def collect_one(source: Source, day: dt.date) -> FetchRun:
    """Read one source for one day, and write down how it went."""
    run = FetchRun(source=source, day=day, started_at=timezone.now())
    began = time.monotonic()
    # A source that knows today only lists nothing under a day gone by, though that was asked for.
    listed_on = day if sources.KINDS[source.kind].BY_DAY else max(day, run.started_at.date())
    try:
        batch = _read_pages(source, listed_on, run)
        done = papers.ingest(source, batch.records, listed_on)
        run.new, run.changed, run.unchanged, run.rejected = done.new, done.changed, done.unchanged, len(batch.rejected)
        run.status = FetchRun.Status.OK if batch.records else FetchRun.Status.EMPTY
        run.message = clean(_remark(source, batch, day))
    except SourceError as error:
        unreachable = isinstance(error, UnreachableError)
        run.status = FetchRun.Status.UNREACHABLE if unreachable else FetchRun.Status.FAILED
        run.message = clean(str(error))  # it may quote what no database takes, and no log
        logger.warning("%s for %s failed: %s", source, day, run.message)
    except SoftTimeLimitExceeded as error:
        run.status, run.message = FetchRun.Status.UNREACHABLE, f"not finished when the worker's time was up: {error!r}"
    except Exception as error:  # a fault of ours in one source must not keep the others from arriving
        run.status, run.message = FetchRun.Status.FAILED, f"internal error, please report: {error!r}"
        logger.exception("%s for %s failed", source, day)
    run.seconds = round(time.monotonic() - began, 3)
    run.save()
    return run


def _read_pages(source: Source, day: dt.date, run: FetchRun) -> Batch:
    kind = sources.KINDS[source.kind]
    http = _http(source, kind.PAUSE)
    whole = Batch()
    for page in range(MAX_PAGES):
        body = kind.fetch(http, source.key, day, page)
        run.bytes += len(body)
        batch: Batch = kind.parse(body, day)
        whole.records += batch.records
        whole.rejected += batch.rejected
        whole.skipped += batch.skipped
        if kind.PAGE_SIZE is None or len(batch) < kind.PAGE_SIZE:
            break
    return whole


def _http(source: Source, pause: float) -> Http:
    contact = settings.CONTACT_EMAIL or settings.SITE_URL
    return Http(
        user_agent=f"DailyPapers/1.0 (+{contact})",
        limit=settings.FETCH_LIMIT_MB * 1_000_000,
        # The base addresses of other kinds are the operator's settings; a feed's address was typed by an admin.
        private_hosts=source.kind != Source.Kind.FEED or settings.FETCH_PRIVATE_HOSTS,
        before=partial(turns.take, source.kind, pause) if pause else lambda: None,
    )


def _remark(source: Source, batch: Batch, day: dt.date) -> str:
    if batch.rejected:
        return f"{len(batch.rejected)} rejected. " + "; ".join(batch.rejected[:5])
    days = sorted({str(record.day) for record in batch.records if record.day})
    if days and str(day) not in days:
        return f"The feed holds {days[-1]}, not {day}."
    if not batch.records:
        return f"{source} listed nothing for {day} ({day:%A})."
    return ""
