"""The data of the dashboard, the admin's first page: new papers, digests sent, failures and their reasons."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from digest import clock
from digest.delivery import pauses, progress, shards
from digest.delivery.progress import Progress
from digest.editions import publication
from digest.ingest import source_health
from digest.ingest.source_health import FailingSource
from digest.models import Delivery, Edition, FetchRun, Paper, Pause, Source
from subscriptions.models import Subscriber
from subscriptions.slow_counts import remembered

WEEK = dt.timedelta(days=7)
COUNTED = 10_000  # deliveries; the reasons of the newest are counted


@dataclass(frozen=True)
class SourceIntake:
    """The papers that one source brought today, and its last run."""

    last: FetchRun
    new: int  # papers since midnight, UTC

    @property
    def source(self) -> Source:
        return self.last.source

    @property
    def has_failed(self) -> bool:
        return self.last.status in source_health.BROKEN


@dataclass(frozen=True)
class DeliveryProblem:
    """The number of deliveries that failed or wait, with their status and reason."""

    status: str
    reason: str
    number: int


@dataclass(frozen=True)
class Dashboard:
    """The state of the site. Numbers are counts of rows, days are in UTC."""

    now: dt.datetime
    intakes: list[SourceIntake]  # each active source that was ever read, the one with the most papers first
    next_day: dt.date  # the day of the next edition
    next_closes: dt.datetime
    waiting: int  # papers for the next edition
    newest: Edition | None  # the newest closed edition
    papers: int  # in the newest edition
    digests: dict[str, int]  # digests of the newest edition, by status
    progress: Progress | None  # of the newest edition
    today: dict[str, int]  # digests that were planned today, by status
    pause: Pause | None  # the pause that stops all sending now
    failing_sources: list[FailingSource]
    failed_runs: list[FetchRun]  # last runs that failed, of sources that are not failing yet
    problems: list[DeliveryProblem]  # of the newest deliveries of the last week, the most frequent first
    readers: dict[str, int]  # by status

    @property
    def new_today(self) -> int:
        return sum(intake.new for intake in self.intakes)

    @property
    def week_ago(self) -> dt.datetime:
        return self.now - WEEK

    @property
    def subscribed(self) -> int:
        """The number of readers who get digests, now or after a pause."""
        return sum(self.readers.get(status, 0) for status in Subscriber.SUBSCRIBED)

    @property
    def counted(self) -> int:
        """The number of the newest deliveries that are counted by reason, or 0 if all are."""
        return COUNTED if sum(problem.number for problem in self.problems) >= COUNTED else 0

    @property
    def is_well(self) -> bool:
        return not (self.failing_sources or self.failed_runs or self.problems)


def make_dashboard(*, now: dt.datetime) -> Dashboard:
    midnight = clock.midnight(now.date())
    newest = publication.newest_closed()
    next_day = publication.day_after(newest, now)
    intakes, failing_sources = _intakes(midnight), source_health.failing_sources()
    counts = remembered(
        f"dashboard of {newest} on {midnight}",
        lambda: _counts(
            waiting=publication.papers_so_far(next_day),
            papers=publication.papers_as_emailed(newest) if newest else Paper.objects.none(),
            digests=Delivery.objects.filter(edition=newest),
            today=Delivery.objects.filter(queued_at__gte=midnight),
            readers=Subscriber.objects.all(),
        ),
    )
    return Dashboard(
        now=now,
        intakes=intakes,
        next_day=next_day,
        next_closes=publication.hour_of(next_day),
        waiting=sum(counts["waiting"].values()),
        newest=newest,
        papers=sum(counts["papers"].values()),
        digests=counts["digests"],
        progress=progress.progress_of(newest, now=now) if newest and "queued" in counts["digests"] else None,
        today=counts["today"],
        pause=pauses.current(),
        failing_sources=failing_sources,
        failed_runs=_failed_runs(intakes, failing_sources),
        problems=remembered(f"problems since {midnight}", lambda: _problems(now - WEEK)),
        readers=counts["readers"],
    )


def unsuccessful_since(moment: dt.datetime) -> QuerySet[Delivery]:
    """Return the deliveries planned after `moment` that failed, are uncertain, or wait for another try."""
    ended, waiting = _unsuccessful(moment)
    return (ended | waiting).order_by()


def _unsuccessful(moment: dt.datetime) -> list[QuerySet[Delivery]]:
    """Return the queries of those that ended, and of those that wait for another try. Each has an index by time."""
    rows = Delivery.objects.filter(queued_at__gt=moment)
    ended = rows.filter(status__in=("failed", "uncertain")).exclude(reason=shards.LEFT_AS_UNCERTAIN)
    return [ended, rows.filter(status="queued").exclude(reason="")]


def _problems(moment: dt.datetime) -> list[DeliveryProblem]:
    """Return the five most frequent reasons among the newest deliveries that ended, and the newest that wait."""
    counts: Counter[tuple[str, str]] = Counter()
    for rows in _unsuccessful(moment):
        counts.update(rows.order_by("-queued_at").values_list("status", "reason")[:COUNTED])
    return [DeliveryProblem(status, reason, number) for (status, reason), number in counts.most_common(5)]


def _counts(**parts: QuerySet[Any]) -> dict[str, dict[str, int]]:
    """Return how many rows of each part there are by status, the most frequent first, in one query.

    Papers have no status: theirs is empty.
    """
    groups = [
        rows.order_by()
        .annotate(
            of_part=Value(name, CharField()), state=Value("", CharField()) if rows.model is Paper else F("status")
        )
        .values_list("of_part", "state")
        .annotate(number=Count("pk"))
        for name, rows in parts.items()
    ]
    counts: dict[str, dict[str, int]] = {name: {} for name in parts}
    for name, status, number in sorted(groups[0].union(*groups[1:], all=True), key=lambda group: -group[2]):
        counts[name][status] = number
    return counts


def _intakes(midnight: dt.datetime) -> list[SourceIntake]:
    runs = FetchRun.objects.filter(source=OuterRef("source"), started_at__gte=midnight).order_by().values("source")
    new = Coalesce(Subquery(runs.annotate(sum=Sum("new")).values("sum")), 0)
    active = source_health.with_last_run(Source.objects.filter(is_active=True))
    last: QuerySet[Any] = FetchRun.objects.filter(pk__in=active.values("last_run")).select_related("source")
    intakes = [SourceIntake(run, run.brought) for run in last.annotate(brought=new)]
    return sorted(intakes, key=lambda intake: (-intake.new, intake.source.name))


def _failed_runs(intakes: list[SourceIntake], failing_sources: list[FailingSource]) -> list[FetchRun]:
    shown = {failing.source.pk for failing in failing_sources}
    return [intake.last for intake in intakes if intake.has_failed and intake.source.pk not in shown]
