"""Days that an arXiv category announced while nobody read its feed, or while the feed was stale or empty."""

import datetime as dt

from django.db.models import Exists, OuterRef

from digest import papers
from digest.editions.due_times import SATURDAY
from digest.ingest.fetch_log import record_attempt
from digest.ingest.http_client import make_client
from digest.models import FetchRun, Listing, Source
from digest.sources import arxiv, arxiv_oai
from digest.sources.records import Batch
from digest.text.cleanup import clean

DAYS = 7  # before today
MAX_PAGES = 20
CAUGHT_UP = "Caught up by OAI-PMH"  # how the message of a run begins that read its day to the end

Status = FetchRun.Status


def backfill_missed_days(*, now: dt.datetime, only: int | None = None) -> list[FetchRun]:
    """Read each missed day of every active category, or of the one with the primary key `only`.

    A day that fails is written down, and is still missed tomorrow. A category that can't be reached is asked for no
    further day.
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
    """The weekdays of the last seven before `today` of which the source has nothing, the oldest first.

    Days before its first run, or before it was switched on again, are none of them: a source begins with today,
    not with a week's flood.
    """
    first_run = source.runs.order_by("started_at").first()
    if first_run is None:
        return []
    since = max(first_run.started_at.date(), source.watched_from or first_run.started_at.date())
    days = (today - dt.timedelta(days=ago) for ago in range(DAYS, 0, -1))
    return [
        day
        for day in days
        if day.weekday() < SATURDAY and day >= since and not _has_listed(source, day) and not _is_caught_up(source, day)
    ]


def _has_listed(source: Source, day: dt.date) -> bool:
    """Whether anything came that day that had not come before: a stale feed gives old papers as new ones."""
    before = Listing.objects.filter(source=source, paper=OuterRef("paper"), day__lt=day)
    return Listing.objects.filter(~Exists(before), source=source, day=day).exists()


def _is_caught_up(source: Source, day: dt.date) -> bool:
    """Whether the day was read to its end here; on a holiday it was empty, and is not asked for again."""
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
