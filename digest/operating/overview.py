"""What an admin wants to know at a glance: what came in, what went out, what failed and why."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet

from digest import editions
from digest.delivery import pauses, progress, shards
from digest.delivery.progress import Progress
from digest.intake import health
from digest.intake.health import Trouble
from digest.models import Delivery, Edition, FetchRun, Pause, Source
from subscriptions.models import Subscriber


@dataclass(frozen=True)
class Overview:
    """The state of things; counts are of rows."""

    edition: Edition | None
    papers: int
    runs: list[FetchRun]  # the last of each active source
    in_trouble: list[Trouble]
    digests: dict[str, int]  # of the newest edition, by status
    progress: Progress | None  # of the newest edition
    pause: Pause | None  # why nothing is sent now
    troubles: list[tuple[str, int]]  # reasons of the last week, the most frequent first
    readers: dict[str, int]  # by status


def overview(*, now: dt.datetime) -> Overview:
    newest = editions.latest()
    rows = Delivery.objects.filter(edition=newest).order_by()
    reasons = troubled_since(now - dt.timedelta(days=7)).values_list("reason").annotate(number=Count("pk"))
    return Overview(
        edition=newest,
        papers=editions.papers_of(newest).count() if newest else 0,
        runs=_last_runs(),
        in_trouble=health.troubles(),
        digests=dict(rows.values_list("status").annotate(Count("pk"))),
        progress=progress.of(newest, now=now) if newest else None,
        pause=pauses.current(),
        troubles=list(reasons.order_by("-number")[:5]),
        readers=dict(Subscriber.objects.order_by().values_list("status").annotate(Count("pk"))),
    )


def troubled_since(moment: dt.datetime) -> QuerySet[Delivery]:
    """Deliveries planned after `moment` that failed, are uncertain, or wait for another try."""
    ended = Delivery.objects.filter(queued_at__gt=moment, status__in=("failed", "uncertain")).exclude(
        reason=shards.LEFT_SO
    )
    waiting = Delivery.objects.filter(queued_at__gt=moment, status="queued").exclude(reason="")
    return (ended | waiting).order_by()


def _last_runs() -> list[FetchRun]:
    last = Source.objects.filter(is_active=True).annotate(last=Max("runs__pk")).values("last")
    return list(FetchRun.objects.filter(pk__in=last).select_related("source").order_by("source__name"))
