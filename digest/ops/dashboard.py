"""The data of the dashboard, the admin's first page: new papers, digests sent, failures and their reasons."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from digest import clock
from digest.delivery import pauses, progress, shards
from digest.delivery.progress import Progress
from digest.editions import publication
from digest.ingest import source_health
from digest.ingest.source_health import FailingSource
from digest.models import Delivery, Edition, FetchRun, Pause, Source
from subscriptions.models import Subscriber

WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class SourceIntake:
    """The papers that one source brought today, and its last run."""

    source: Source
    last: FetchRun
    new: int  # papers since midnight, UTC

    @property
    def has_failed(self) -> bool:
        return self.last.status in source_health.BROKEN


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
    in_trouble: list[FailingSource]
    failed_runs: list[FetchRun]  # last runs that failed, of sources that are not in trouble yet
    troubles: list[tuple[str, int]]  # why deliveries of the last week failed or wait, the most frequent first
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
        return self.readers.get(Subscriber.Status.ACTIVE, 0) + self.readers.get(Subscriber.Status.PAUSED, 0)

    @property
    def is_well(self) -> bool:
        return not (self.in_trouble or self.failed_runs or self.troubles)


def make_dashboard(*, now: dt.datetime) -> Dashboard:
    midnight = clock.midnight(now.date())
    newest = publication.newest_closed()
    next_day = publication.next_day(now)
    intakes, in_trouble = _intakes(midnight), source_health.failing_sources()
    of_newest = Delivery.objects.filter(edition=newest)
    reasons = troubled_since(now - WEEK).values_list("reason").annotate(number=Count("pk"))
    return Dashboard(
        now=now,
        intakes=intakes,
        next_day=next_day,
        next_closes=publication.hour_of(next_day),
        waiting=publication.papers_for(next_day).count(),
        newest=newest,
        papers=publication.papers_of(newest).count() if newest else 0,
        digests=_by_status(of_newest),
        progress=progress.progress_of(newest, now=now) if newest else None,
        today=_by_status(Delivery.objects.filter(queued_at__gte=midnight)),
        pause=pauses.current(),
        in_trouble=in_trouble,
        failed_runs=_failed_runs(intakes, in_trouble),
        troubles=list(reasons.order_by("-number")[:5]),
        readers=_by_status(Subscriber.objects.all()),
    )


def troubled_since(moment: dt.datetime) -> QuerySet[Delivery]:
    """Return the deliveries planned after `moment` that failed, are uncertain, or wait for another try."""
    ended = Delivery.objects.filter(queued_at__gt=moment, status__in=("failed", "uncertain")).exclude(
        reason=shards.LEFT_AS_UNCERTAIN
    )
    waiting = Delivery.objects.filter(queued_at__gt=moment, status="queued").exclude(reason="")
    return (ended | waiting).order_by()


def _by_status(rows: QuerySet[Any]) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(number=Count("pk")).order_by("-number"))


def _intakes(midnight: dt.datetime) -> list[SourceIntake]:
    runs = FetchRun.objects.filter(source=OuterRef("pk"), started_at__gte=midnight).order_by().values("source")
    new = Coalesce(Subquery(runs.annotate(sum=Sum("new")).values("sum")), 0)
    active = source_health.with_last_run(Source.objects.filter(is_active=True)).annotate(new=new)
    last = FetchRun.objects.select_related("source").in_bulk([source.last_run for source in active])
    intakes = [SourceIntake(source, last[source.last_run], source.new) for source in active if source.last_run]
    return sorted(intakes, key=lambda intake: (-intake.new, intake.source.name))


def _failed_runs(intakes: list[SourceIntake], in_trouble: list[FailingSource]) -> list[FetchRun]:
    shown = {trouble.source.pk for trouble in in_trouble}
    return [intake.last for intake in intakes if intake.has_failed and intake.source.pk not in shown]
