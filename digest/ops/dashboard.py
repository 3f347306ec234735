"""What an admin wants to know at a glance: what came in, what went out, what failed and why."""

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


@dataclass(frozen=True)
class SourceIntake:
    """What one source brought today, and its last run."""

    source: Source
    last: FetchRun
    new: int  # papers since midnight, UTC

    @property
    def has_failed(self) -> bool:
        return self.last.status in source_health.BROKEN


@dataclass(frozen=True)
class Dashboard:
    """The state of things; counts are of rows, days are of UTC."""

    now: dt.datetime
    came_in: list[SourceIntake]  # by each active source that was ever read, what brought most first
    next_day: dt.date  # whose edition is to come
    next_closes: dt.datetime
    waiting: int  # papers for it
    newest: Edition | None  # that is closed
    papers: int  # in it
    digests: dict[str, int]  # of it, by status
    progress: Progress | None  # of it
    today: dict[str, int]  # digests that were planned today, by status
    pause: Pause | None  # why nothing is sent now
    in_trouble: list[FailingSource]
    failed_runs: list[FetchRun]  # the last of sources that are not in trouble yet
    troubles: list[tuple[str, int]]  # reasons of the last week, the most frequent first
    readers: dict[str, int]  # by status

    @property
    def new_today(self) -> int:
        return sum(one.new for one in self.came_in)

    @property
    def is_well(self) -> bool:
        return not (self.in_trouble or self.failed_runs or self.troubles)


def make_dashboard(*, now: dt.datetime) -> Dashboard:
    midnight = clock.midnight(now.date())
    newest = publication.newest_closed()
    next_day = publication.next_day(now)
    came_in, in_trouble = _came_in(midnight), source_health.failing_sources()
    of_newest = Delivery.objects.filter(edition=newest)
    reasons = troubled_since(now - dt.timedelta(days=7)).values_list("reason").annotate(number=Count("pk"))
    return Dashboard(
        now=now,
        came_in=came_in,
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
        failed_runs=_failed_runs(came_in, in_trouble),
        troubles=list(reasons.order_by("-number")[:5]),
        readers=_by_status(Subscriber.objects.all()),
    )


def troubled_since(moment: dt.datetime) -> QuerySet[Delivery]:
    """Deliveries planned after `moment` that failed, are uncertain, or wait for another try."""
    ended = Delivery.objects.filter(queued_at__gt=moment, status__in=("failed", "uncertain")).exclude(
        reason=shards.LEFT_SO
    )
    waiting = Delivery.objects.filter(queued_at__gt=moment, status="queued").exclude(reason="")
    return (ended | waiting).order_by()


def _by_status(rows: QuerySet[Any]) -> dict[str, int]:
    return dict(rows.values_list("status").annotate(number=Count("pk")).order_by("-number"))


def _came_in(midnight: dt.datetime) -> list[SourceIntake]:
    runs = FetchRun.objects.filter(source=OuterRef("pk"), started_at__gte=midnight).order_by().values("source")
    new = Coalesce(Subquery(runs.annotate(sum=Sum("new")).values("sum")), 0)
    active = source_health.with_last_run(Source.objects.filter(is_active=True)).annotate(new=new)
    last = FetchRun.objects.select_related("source").in_bulk([source.last_run for source in active])
    found = [SourceIntake(source, last[source.last_run], source.new) for source in active if source.last_run]
    return sorted(found, key=lambda one: (-one.new, one.source.name))


def _failed_runs(came_in: list[SourceIntake], in_trouble: list[FailingSource]) -> list[FetchRun]:
    told = {trouble.source.pk for trouble in in_trouble}
    return [one.last for one in came_in if one.has_failed and one.source.pk not in told]
