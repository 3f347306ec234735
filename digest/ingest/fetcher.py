"""The fetcher: it reads each source for today, and for the last days again, and stores the papers.

Each attempt is recorded, and none affects the others.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from django.utils import timezone

from digest import papers, sources
from digest.editions import publication
from digest.editions.due_times import is_weekday
from digest.ingest import source_health
from digest.ingest.fetch_log import record_attempt
from digest.ingest.source_client import make_client
from digest.models import Edition, FetchRun, Source, Validator
from digest.sources.http import ConditionalRequests, Http, ResponseValidator
from digest.sources.records import Batch
from digest.text.cleanup import clean

MAX_PAGES = 20  # of one source for one day
DAYS_TRIED = 7  # the last days, which are read until they succeed
OFF_FOR = dt.timedelta(days=1)
DAYS_READ_AGAIN = 3  # today and the two days before, which are read at each run: their votes still grow
MAX_UNREACHABLE = 2  # failed days in a row, before the other days of an unreachable source are skipped
EASTERN = ZoneInfo("America/New_York")

FetchJob = tuple[Source, dt.date]


def fetch_all(
    days: list[dt.date],
    *,
    only: int | None = None,
    changes_only: bool = False,
    track: Callable[[list[FetchJob]], Iterable[FetchJob]] = iter,
) -> list[FetchRun]:
    """Read every active source for each of `days`. An error in one source is recorded and does not stop the others.

    `only` is the primary key of a single source to read. With `changes_only`, servers may answer that nothing changed
    since the last run. `track` may wrap the jobs to show progress.
    """
    runs: list[FetchRun] = []
    unreachable: Counter[int] = Counter()  # days in a row, by the source's primary key
    for source, day in track(fetch_jobs(days, only)):
        if unreachable[source.pk] >= MAX_UNREACHABLE:
            continue  # each other day would wait for the timeout, too
        runs.append(fetch_one(source, day, changes_only=changes_only))
        is_unreachable = runs[-1].status == FetchRun.Status.UNREACHABLE
        unreachable[source.pk] = unreachable[source.pk] + 1 if is_unreachable else 0
    return runs


def days_to_read(source: Source, *, today: dt.date) -> list[dt.date]:
    """Return the last days, because their votes still grow, and days of the last week that could not be read yet."""
    week = [today - dt.timedelta(days=back) for back in range(DAYS_TRIED)]
    done = set(source.runs.filter(day__in=week).exclude(status__in=source_health.BROKEN).values_list("day", flat=True))
    return sorted({*week[:DAYS_READ_AGAIN], *(day for day in week if day not in done)})


def fetch_jobs(days: list[dt.date], only: int | None = None) -> list[FetchJob]:
    """Return what to read for `days`, the newest day first, so that errors of past days don't delay today's papers."""
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
    """Read one source for one day, and record the result."""
    with record_attempt(source, day) as run:
        _read_and_store(run, ConditionalRequests(_known_validators(source) if changes_only else {}))
    return run


def _read_and_store(run: FetchRun, validators: ConditionalRequests) -> None:
    source, kind = run.source, sources.KINDS[run.source.kind]
    # A source that has today's papers only can't list them on a past day, even if `run.day` is one.
    listed_on = run.day if kind.BY_DAY else max(run.day, run.started_at.date())
    batch = _read_pages(run, listed_on, make_client(source.kind, kind.PAUSE, validators))
    if _is_first_read(run):
        since = _set_watched_from(source, run.started_at.date())
        if not kind.BY_DAY and Edition.objects.exists():  # papers without a date may have been listed for years
            listed_on = since - dt.timedelta(days=1)
    done = papers.ingest(source, batch.records, listed_on)
    run.new, run.changed, run.unchanged, run.rejected = done.new, done.changed, done.unchanged, len(batch.rejected)
    run.status = _status(run, batch)
    run.message = clean(_remark(run, batch))
    # The validator is stored last, so that papers that were not ingested are fetched again. An answer of several pages
    # has no common validator. An empty answer stores none, so that the next run finds it empty again.
    if batch.records and len(validators.received) == 1:
        for address, validator in validators.received.items():
            Validator.objects.update_or_create(source=source, address=address, defaults=validator._asdict())


def _is_first_read(run: FetchRun) -> bool:
    """Return whether the source is read for the first time, or for the first time after it was switched off."""
    last = run.source.runs.order_by("-pk").first()
    if run.source.watched_from is None or last is None:
        return True
    # A gap of up to two days between reads does not show that the source was switched off.
    gap_start, gap_end = last.started_at + OFF_FOR, run.started_at - OFF_FOR
    # If no source was read in the gap, the whole site was down.
    return gap_start < gap_end and FetchRun.objects.filter(started_at__range=(gap_start, gap_end)).exists()


def _set_watched_from(source: Source, today: dt.date) -> dt.date:
    """Set and return the first day that counts as new for the source.

    That is yesterday if the site already has editions; a new site also shows the papers of some days before.
    """
    days = 1 if Edition.objects.exists() else publication.DAYS_AT_FIRST_START
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


def _known_validators(source: Source) -> dict[str, ResponseValidator]:
    """Return the validators of earlier answers by address.

    There are none for arXiv until its batch of the day was read: a stale feed would count as unchanged otherwise.
    """
    if source.kind == Source.Kind.ARXIV and not source.listings.filter(day=_eastern_day(timezone.now())).exists():
        return {}
    return {row.address: ResponseValidator(row.etag, row.last_modified) for row in source.validators.all()}


def _status(run: FetchRun, batch: Batch) -> str:
    """Return whether there are papers, none, or only the batch of an earlier day (stale).

    arXiv renews its feed at midnight in New York. On a weekday, a feed with yesterday's papers was not renewed.
    """
    if not batch.records:
        return FetchRun.Status.EMPTY
    today = _eastern_day(run.started_at)
    newest = max((record.day for record in batch.records if record.day), default=today)
    if run.source.kind == Source.Kind.ARXIV and newest < today and is_weekday(today):
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
