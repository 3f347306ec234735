"""The progress of sending an edition. It is counted by shards, which are few even with millions of readers."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from digest.models import Edition

MEASURED_OVER = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Progress:
    """The progress of one edition. Shards that a worker still holds count as not ended."""

    planned: int  # deliveries
    ended: int  # deliveries, with any result
    workers: int  # workers that hold a shard
    per_minute: int  # deliveries that ended recently

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.planned if self.planned else 100

    @property
    def minutes_left(self) -> int | None:
        """The minutes until all have ended at the recent speed, or None if nothing has ended recently."""
        return -(-(self.planned - self.ended) // self.per_minute) if self.per_minute else None


def progress_of(edition: Edition, *, now: dt.datetime) -> Progress:
    since = now - MEASURED_OVER
    counts = edition.shards.aggregate(
        planned=Sum("size", default=0),
        ended=Sum("size", filter=Q(done_at__isnull=False), default=0),
        recent=Sum("size", filter=Q(done_at__gt=since), default=0),
        workers=Count("pk", filter=Q(done_at=None) & ~Q(worker="")),
    )
    per_minute = round(counts["recent"] / (MEASURED_OVER.seconds / 60))
    return Progress(counts["planned"], counts["ended"], counts["workers"], per_minute)
