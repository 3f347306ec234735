"""Which sources are in trouble: they failed, or were empty when they should not be, three runs in a row."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate

from digest.editions import hour_of
from digest.models import FetchRun, Source

RUNS = 3  # in a row
READ_AHEAD = 200  # runs looked through for those that tell something
NEEDED = ("source", "day", "status", "started_at", "message")

Status = FetchRun.Status
BROKEN = (Status.FAILED, Status.UNREACHABLE)
NOTHING = (Status.EMPTY, Status.STALE)


@dataclass(frozen=True)
class Trouble:
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


def troubles() -> list[Trouble]:
    """Every active source that is in trouble now."""
    found = (trouble_of(source) for source in Source.objects.filter(is_active=True))
    return [trouble for trouble in found if trouble]


def trouble_of(source: Source) -> Trouble | None:
    bad = list(takewhile(_is_bad, _telling(source)))
    return Trouble(source, bad) if len(bad) >= RUNS else None


def has_just_begun(trouble: Trouble) -> bool:
    """Whether its last run is the one that put the source into trouble: the moment to say so once."""
    return len(trouble.runs) == RUNS


def _telling(source: Source) -> list[FetchRun]:
    """The source's last runs that say anything about its health, the newest first."""
    return [run for run in source.runs.order_by("-pk").only(*NEEDED)[:READ_AHEAD] if _is_telling(run)]


def _is_bad(run: FetchRun) -> bool:
    return run.status in (*BROKEN, *NOTHING)


def _is_telling(run: FetchRun) -> bool:
    """Whether the run says anything about the source's health.

    Only the day that was on counts, since past days are read beside it; and nothing listed counts on weekdays from
    the hour of publication on: a day begins empty, and weekends stay so.
    """
    may_be_empty = run.started_at < hour_of(run.day) or run.day.weekday() >= 5
    return run.day == run.started_at.date() and not (run.status in NOTHING and may_be_empty)
