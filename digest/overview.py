"""What an admin wants to know at a glance: what came in, what went out, what failed and why."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max

from digest import editions
from digest.models import Delivery, Edition, FetchRun, Source
from subscriptions.models import Subscriber

TROUBLE = (Delivery.Status.FAILED, Delivery.Status.UNCERTAIN, Delivery.Status.QUEUED)


@dataclass(frozen=True)
class Overview:
    """The state of things; counts are of rows."""

    edition: Edition | None
    papers: int
    runs: list[FetchRun]  # the last of each active source
    digests: dict[str, int]  # of the newest edition, by status
    troubles: list[tuple[str, int]]  # reasons of the last week, the most frequent first
    readers: dict[str, int]  # by status

    @property
    def broken(self) -> list[FetchRun]:
        return [run for run in self.runs if run.status in (FetchRun.Status.FAILED, FetchRun.Status.UNREACHABLE)]


def overview(*, now: dt.datetime) -> Overview:
    newest = editions.latest()
    rows = Delivery.objects.filter(edition=newest).order_by()
    troubled = Delivery.objects.filter(queued_at__gt=now - dt.timedelta(days=7), status__in=TROUBLE).exclude(reason="")
    reasons = troubled.order_by().values_list("reason").annotate(number=Count("pk")).order_by("-number")[:5]
    return Overview(
        edition=newest,
        papers=editions.papers_of(newest).count() if newest else 0,
        runs=_last_runs(),
        digests=dict(rows.values_list("status").annotate(Count("pk"))),
        troubles=list(reasons),
        readers=dict(Subscriber.objects.order_by().values_list("status").annotate(Count("pk"))),
    )


def _last_runs() -> list[FetchRun]:
    last = Source.objects.filter(is_active=True).annotate(last=Max("runs__pk")).values("last")
    return list(FetchRun.objects.filter(pk__in=last).select_related("source").order_by("source__name"))
