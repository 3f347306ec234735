"""Which sources are in trouble: they failed, or were empty when they should not be, three runs in a row."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate

from digest.models import FetchRun, Source

RUNS = 3  # in a row
MOST = 200  # bad runs in a row that are counted

Status = FetchRun.Status
BROKEN = (Status.FAILED, Status.UNREACHABLE)
NOTHING = (Status.EMPTY, Status.STALE)
BAD = (*BROKEN, *NOTHING)


@dataclass(frozen=True)
class FailingSource:
    """A source in trouble: its bad runs in a row, the newest first."""

    source: Source
    runs: list[FetchRun]

    def __str__(self) -> str:
        return f"{self.source}: {self.said}"

    @property
    def last(self) -> FetchRun:
        return self.runs[0]

    @property
    def said(self) -> str:
        """How many runs, how they ended, and what the last one said."""
        how, kinds = self.last.get_status_display(), {run.status for run in self.runs}
        ended = how if len(kinds) == 1 else f"went wrong, the last one: {how}"
        return f"{len(self.runs)} runs in a row {ended}. {self.last.message}".strip()


def with_last_run(chosen: QuerySet[Source]) -> QuerySet[Any]:
    """The sources with the key of the run that says how each does, as `last_run`: the last for the day that was on.

    Past days are read beside it, and after it. Of a source that was read for such alone it is the last; else None.
    """
    runs = FetchRun.objects.filter(source=OuterRef("pk")).values("pk")
    on_its_day = runs.filter(day=TruncDate("started_at"))
    return chosen.annotate(last_run=Coalesce(Subquery(on_its_day[:1]), Subquery(runs[:1])))


def failing_sources() -> list[FailingSource]:
    """Every active source that is in trouble now: one query for all that are well, and one more for each other."""
    suspects = Source.objects.filter(is_active=True)
    for back in range(RUNS):
        status = _telling().filter(source=OuterRef("pk")).values("status")[back : back + 1]
        suspects = suspects.alias(**{f"back_{back}": Subquery(status)}).filter(**{f"back_{back}__in": BAD})
    return [trouble for source in suspects if (trouble := failure_of(source))]


def failure_of(source: Source) -> FailingSource | None:
    runs = list(takewhile(lambda run: run.status in BAD, _telling().filter(source=source)[:MOST]))
    return FailingSource(source, runs) if len(runs) >= RUNS else None


def has_just_begun(trouble: FailingSource) -> bool:
    """Whether its last run is the one that put the source into trouble: the moment to say so once."""
    return len(trouble.runs) == RUNS


def _telling() -> QuerySet[FetchRun]:
    """The runs that say anything about the health of their sources, the newest first.

    Only the day that was on counts, since past days are read beside it; and nothing listed counts on weekdays from
    the hour of publication on: a day begins empty, and weekends stay so.
    """
    may_be_empty = Q(started_at__hour__lt=settings.PUBLISH_HOUR) | Q(day__iso_week_day__gte=6)
    return FetchRun.objects.filter(day=TruncDate("started_at")).exclude(may_be_empty, status__in=NOTHING)
