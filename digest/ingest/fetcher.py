"""Fetch, parse, ingest: one source after the other, each on its own. What comes of it is written down."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from django.utils import timezone

from digest import papers, sources
from digest.editions.due_times import SATURDAY
from digest.ingest import source_health
from digest.ingest.fetch_log import record_attempt
from digest.ingest.http_client import make_client
from digest.models import Edition, FetchRun, Source, Validator
from digest.sources.conditional_get import ConditionalRequests, ResponseValidator
from digest.sources.http import Http
from digest.sources.records import Batch
from digest.text.cleanup import clean

MAX_PAGES = 20
WEEK = 7  # days
AWAY = dt.timedelta(days=1)
DAYS_READ_AGAIN = 3
TRIES_IN_VAIN = 2  # days in a row for which a source can't be reached, before it is left alone
EASTERN = ZoneInfo("America/New_York")


Errand = tuple[Source, dt.date]


def fetch_all(
    days: list[dt.date],
    *,
    only: int | None = None,
    changes_only: bool = False,
    track: Callable[[list[Errand]], Iterable[Errand]] = iter,
) -> list[FetchRun]:
    """Read every active source for each of `days`. A broken source is noted and stops no other.

    `only` names one source by its primary key. With `changes_only` servers may answer that nothing changed since
    the last run. `track` may wrap the errands to show progress.
    """
    runs: list[FetchRun] = []
    in_vain: Counter[int] = Counter()
    for source, day in track(fetch_jobs(days, only)):
        if in_vain[source.pk] >= TRIES_IN_VAIN:
            continue  # its other days would each wait for nothing, too
        runs.append(fetch_one(source, day, changes_only=changes_only))
        is_unreachable = runs[-1].status == FetchRun.Status.UNREACHABLE
        in_vain[source.pk] = in_vain[source.pk] + 1 if is_unreachable else 0
    return runs


def days_to_read(source: Source, *, today: dt.date) -> list[dt.date]:
    """The days on which lists and votes still grow, and those of the last week that could not be read yet."""
    week = [today - dt.timedelta(days=back) for back in range(WEEK)]
    done = set(source.runs.filter(day__in=week).exclude(status__in=source_health.BROKEN).values_list("day", flat=True))
    return sorted({*week[:DAYS_READ_AGAIN], *(day for day in week if day not in done)})


def fetch_jobs(days: list[dt.date], only: int | None = None) -> list[Errand]:
    """What there is to read for `days`, newest first: no past day that can't be read keeps today from coming."""
    active = Source.objects.filter(is_active=True)
    if only is not None:
        active = active.filter(pk=only)
    return [
        (source, day)
        for day in sorted(days, reverse=True)
        for source in active
        if sources.KINDS[source.kind].BY_DAY or day == max(days)
    ]


def fetch_one(source: Source, day: dt.date, *, changes_only: bool = False) -> FetchRun:
    """Read one source for one day, and write down how it went."""
    with record_attempt(source, day) as run:
        _read_and_store(run, ConditionalRequests(_known(source) if changes_only else {}))
    return run


def _read_and_store(run: FetchRun, validators: ConditionalRequests) -> None:
    source, kind = run.source, sources.KINDS[run.source.kind]
    # A source that knows today only lists nothing under a day gone by, though that was asked for.
    listed_on = run.day if kind.BY_DAY else max(run.day, run.started_at.date())
    batch = _read_pages(run, listed_on, make_client(source.kind, kind.PAUSE, validators))
    if _is_new_to_us(run):
        since = _begin_to_watch(source, run.started_at.date())
        if not kind.BY_DAY and Edition.objects.exists():  # what gives no day may have stood there for years
            listed_on = since - dt.timedelta(days=1)
    done = papers.ingest(source, batch.records, listed_on)
    run.new, run.changed, run.unchanged, run.rejected = done.new, done.changed, done.unchanged, len(batch.rejected)
    run.status = _status(run, batch)
    run.message = clean(_remark(run, batch))
    # Stored last: what was not ingested is asked for again. Several pages have no mark in common, and an empty
    # answer must go on saying so.
    if batch.records and len(validators.heard) == 1:
        for address, mark in validators.heard.items():
            Validator.objects.update_or_create(source=source, address=address, defaults=mark._asdict())


def _is_new_to_us(run: FetchRun) -> bool:
    """Whether this is a source's first look, or the first after it was switched off for a while."""
    last = run.source.runs.order_by("-pk").first()
    if run.source.watched_from is None or last is None:
        return True
    away = (last.started_at + AWAY, run.started_at - AWAY)
    # Others were read meanwhile: it was not the whole site that stood still.
    return away[0] < away[1] and FetchRun.objects.filter(started_at__range=away).exists()


def _begin_to_watch(source: Source, today: dt.date) -> dt.date:
    """On a site that has editions, a source's old papers are no news; a new site shows its last days."""
    days = 1 if Edition.objects.exists() else WEEK
    source.watched_from = today - dt.timedelta(days=days)
    source.save(update_fields=["watched_from"])
    return source.watched_from


def _read_pages(run: FetchRun, day: dt.date, http: Http) -> Batch:
    kind = sources.KINDS[run.source.kind]
    whole = Batch()
    for page in range(MAX_PAGES):
        body = kind.fetch(http, run.source.key, day, page)
        run.bytes += len(body)
        batch: Batch = kind.parse(body, day)
        whole.add(batch)
        if kind.PAGE_SIZE is None or len(batch) < kind.PAGE_SIZE:
            break
    return whole


def _known(source: Source) -> dict[str, ResponseValidator]:
    """What the server said of earlier answers; nothing while arXiv owes us the day's batch.

    Else a batch that was not renewed would pass for one in which nothing changed.
    """
    if source.kind == Source.Kind.ARXIV and not source.listings.filter(day=_eastern_day(timezone.now())).exists():
        return {}
    return {row.address: ResponseValidator(row.etag, row.last_modified) for row in source.validators.all()}


def _status(run: FetchRun, batch: Batch) -> str:
    """Whether papers came, nothing did, or the batch of an earlier day was served once more.

    arXiv's feed turns over at midnight in New York; a batch of yesterday's on a weekday was not renewed.
    """
    if not batch.records:
        return FetchRun.Status.EMPTY
    today = _eastern_day(run.started_at)
    newest = max((record.day for record in batch.records if record.day), default=today)
    if run.source.kind == Source.Kind.ARXIV and newest < today and today.weekday() < SATURDAY:
        return FetchRun.Status.STALE
    return FetchRun.Status.OK


def _eastern_day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(EASTERN).date()


def _remark(run: FetchRun, batch: Batch) -> str:
    if batch.rejected:
        return f"{len(batch.rejected)} rejected. " + "; ".join(batch.rejected[:5])
    days = sorted({str(record.day) for record in batch.records if record.day})
    if days and str(run.day) not in days:
        return f"The feed holds {days[-1]}, not {run.day}."
    if not batch.records:
        return f"{run.source} listed nothing for {run.day} ({run.day:%A})."
    return ""
