"""The sources that keep failing: three runs in a row failed, or found nothing when there should be papers."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber, TruncDate

from digest.editions.due_times import WEEKEND
from digest.ingest.fetch_problems import explain
from digest.models import FetchRun, Source

FAILS_AFTER_RUNS = 3  # bad ones in a row
MAX_BAD_RUNS = 200  # in a row; more are not counted

Status = FetchRun.Status
BROKEN = (Status.FAILED, Status.UNREACHABLE)
NOTHING = (Status.EMPTY, Status.STALE)
BAD = (*BROKEN, *NOTHING)


@dataclass(frozen=True)
class FailingSource:
    """A source that keeps failing, with its bad runs in a row, the newest first."""

    source: Source
    runs: list[FetchRun]

    def __str__(self) -> str:
        return f"{self.source}: {self.summary}"

    @property
    def last(self) -> FetchRun:
        return self.runs[0]

    @property
    def summary(self) -> str:
        """Return how many runs failed, and the problem of the last one, explained."""
        status, kinds = _outcome(self.last), set(map(_outcome, self.runs))
        outcome = status if len(kinds) == 1 else f"went wrong, the last one: {status}"
        return f"{len(self.runs)} runs in a row {outcome}. {explain(self.last.message)}".strip()


def _outcome(run: FetchRun) -> str:
    """Return the run's status in words. How it failed is in its message."""
    return "failed" if run.status in BROKEN else run.get_status_display()


def with_last_run(chosen: QuerySet[Source]) -> QuerySet[Any]:
    """Annotate each source with `last_run`, the key of its last run that read the day it ran on.

    A run that read a past day counts only if there are no others. `last_run` is None if the source was never read.
    """
    runs = FetchRun.objects.filter(source=OuterRef("pk")).values("pk")
    on_its_day = runs.filter(day=TruncDate("started_at"))
    return chosen.annotate(last_run=Coalesce(Subquery(on_its_day[:1]), Subquery(runs[:1])))


def failing_sources() -> list[FailingSource]:
    """Return the active sources that keep failing, in two queries."""
    suspects = Source.objects.filter(is_active=True)
    for back in range(FAILS_AFTER_RUNS):
        status = _significant_runs().filter(source=OuterRef("pk")).values("status")[back : back + 1]
        suspects = suspects.alias(**{f"back_{back}": Subquery(status)}).filter(**{f"back_{back}__in": BAD})
    sources = list(suspects)
    runs: dict[int, list[FetchRun]] = {source.pk: [] for source in sources}
    for run in _last_runs(sources) if sources else ():
        runs[run.source_id].append(run)
    return [failing for source in sources if (failing := _failure(source, runs[source.pk]))]


def failure_of(source: Source) -> FailingSource | None:
    """Return `source` with its latest consecutive bad runs, or None if it does not keep failing."""
    return _failure(source, _last_runs([source]))


def _failure(source: Source, runs: Iterable[FetchRun]) -> FailingSource | None:
    bad = list(takewhile(lambda run: run.status in BAD, runs))
    return FailingSource(source, bad) if len(bad) >= FAILS_AFTER_RUNS else None


def _last_runs(sources: list[Source]) -> QuerySet[FetchRun]:
    """Return up to MAX_BAD_RUNS runs of each source, the newest first."""
    place = Window(RowNumber(), partition_by="source", order_by=("-started_at", "-pk"))
    runs = _significant_runs().filter(source__in=sources).annotate(place=place)
    return runs.filter(place__lte=MAX_BAD_RUNS).order_by("source", "place")


def has_just_begun(failing: FailingSource) -> bool:
    """Return whether the last run is the one that reached the limit, so that each failure is reported once."""
    return len(failing.runs) == FAILS_AFTER_RUNS


def _significant_runs() -> QuerySet[FetchRun]:
    """Return the runs that count for the health of their sources, the newest first.

    Only runs that read the day they ran on count, because past days are read as well. An empty list counts only on
    weekdays from the hour of publication on: each day begins empty, and weekends stay empty.
    """
    may_be_empty = Q(started_at__hour__lt=settings.PUBLISH_HOUR) | Q(day__iso_week_day__in=WEEKEND)
    return FetchRun.objects.filter(day=TruncDate("started_at")).exclude(may_be_empty, status__in=NOTHING)
