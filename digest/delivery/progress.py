"""How far the sending of an edition has come: by its shards, which are few however many readers there are."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from digest.models import Edition

LATELY = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Progress:
    """Of one edition, to within the shards that are being worked on."""

    planned: int  # deliveries
    ended: int  # of those, in whatever way
    workers: int  # that have a shard in hand
    per_minute: int  # that ended lately

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.planned if self.planned else 100

    @property
    def minutes_left(self) -> int | None:
        """None while nothing moves."""
        return -(-(self.planned - self.ended) // self.per_minute) if self.per_minute else None


def progress_of(edition: Edition, *, now: dt.datetime) -> Progress:
    since = now - LATELY
    told = edition.shards.aggregate(
        planned=Sum("size", default=0),
        ended=Sum("size", filter=Q(done_at__isnull=False), default=0),
        lately=Sum("size", filter=Q(done_at__gt=since), default=0),
        workers=Count("pk", filter=Q(done_at=None) & ~Q(worker="")),
    )
    return Progress(told["planned"], told["ended"], told["workers"], round(told["lately"] / (LATELY.seconds / 60)))
