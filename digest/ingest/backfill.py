"""The backfill of arXiv categories: days that no run read, and days with a stale or empty feed.

Days that were read are read again by `digest.ingest.fetcher`.
"""

import datetime as dt

from django.db.models import Exists, OuterRef

from digest import papers
from digest.editions.due_times import is_weekday
from digest.ingest.fetch_log import record_attempt
from digest.ingest.source_client import make_client
from digest.models import FetchRun, Listing, Source
from digest.sources import arxiv, arxiv_oai
from digest.sources.records import Batch
from digest.text.cleanup import clean

DAYS = 7  # before today
MAX_PAGES = 20  # of one category for one day
CAUGHT_UP = "Caught up by OAI-PMH"  # the beginning of the message of a run that read its whole day

Status = FetchRun.Status


def backfill_missed_days(*, now: dt.datetime, only: int | None = None) -> list[FetchRun]:
    """Read each missed day of every active category, or of the source with the primary key `only`.

    A failure is recorded, and its day is tried again tomorrow. If a category can't be reached, its other days are
    skipped.
    """
    runs: list[FetchRun] = []
    active = Source.objects.filter(kind=Source.Kind.ARXIV, is_active=True)
    for source in active if only is None else active.filter(pk=only):
        for day in missed_days(source, today=now.date()):
            runs.append(_read(source, day))
            if runs[-1].status == Status.UNREACHABLE:
                break
    return runs


def missed_days(source: Source, *, today: dt.date) -> list[dt.date]:
    """Return the weekdays without papers of the source among the seven days before `today`, the oldest first.

    Days before its first run, or before it was switched on again, don't count: a new source starts with today and does
    not fill the edition with a week of papers.
    """
    first_run = source.runs.order_by("started_at").first()
    if first_run is None:
        return []
    since = max(first_run.started_at.date(), source.watched_from or first_run.started_at.date())
    days = (today - dt.timedelta(days=ago) for ago in range(DAYS, 0, -1))
    return [
        day
        for day in days
        if is_weekday(day) and day >= since and not _has_listed(source, day) and not _is_caught_up(source, day)
    ]


def _has_listed(source: Source, day: dt.date) -> bool:
    """Return whether the source listed a new paper on that day; a stale feed lists only papers of earlier days."""
    before = Listing.objects.filter(source=source, paper=OuterRef("paper"), day__lt=day)
    return Listing.objects.filter(~Exists(before), source=source, day=day).exists()


def _is_caught_up(source: Source, day: dt.date) -> bool:
    """Return whether backfill has read the whole day. A holiday has no papers, and is not read again."""
    done = source.runs.filter(day=day, status__in=(Status.OK, Status.EMPTY), message__startswith=CAUGHT_UP)
    return done.exists()


def _read(source: Source, day: dt.date) -> FetchRun:
    with record_attempt(source, day) as run:
        batch = _read_pages(run)
        done = papers.ingest(source, batch.records, day)
        run.new, run.changed, run.unchanged, run.rejected = done.new, done.changed, done.unchanged, len(batch.rejected)
        run.status = Status.OK if batch.records else Status.EMPTY
        rejected = f" {len(batch.rejected)} rejected. " + "; ".join(batch.rejected[:5]) if batch.rejected else ""
        run.message = clean(f"{CAUGHT_UP}.{rejected}")
    return run


def _read_pages(run: FetchRun) -> Batch:
    http = make_client(Source.Kind.ARXIV, arxiv.PAUSE)
    whole = Batch()
    token = ""
    for _ in range(MAX_PAGES):
        body = arxiv_oai.fetch(http, run.source.key, run.day, token)
        run.bytes += len(body)
        batch, token = arxiv_oai.parse(body, run.source.key, run.day)
        whole.add(batch)
        if not token:
            break
    return whole
