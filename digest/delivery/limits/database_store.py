"""Buckets in the database: for installations without Redis, however many processes they are."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from digest import clock
from digest.delivery.limits import daily_quota
from digest.delivery.limits.token_bucket import Bucket, TakeResult
from digest.models import Allowance

APART = dt.timedelta(seconds=1)  # workers know the database's time to within what an answer takes


class DatabaseStore:
    """One row a bucket."""

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        now = clock.now()
        names = sorted(bucket.name for bucket in buckets)
        with transaction.atomic():
            # In the order of their names: two who take from the same buckets never wait for each other in a circle.
            rows = {
                row.name: row for row in Allowance.objects.select_for_update().filter(name__in=names).order_by("name")
            }
            for bucket in buckets:
                if bucket.name not in rows:
                    rows[bucket.name], _ = Allowance.objects.select_for_update().get_or_create(
                        name=bucket.name, defaults={"level": bucket.capacity, "at": now}
                    )
            levels = {bucket.name: _level(rows[bucket.name], bucket, now) for bucket in buckets}
            tokens = min(wanted, *(int(level) for level in levels.values()))
            if tokens or any(row.at > now + APART for row in rows.values()):
                for bucket in buckets:
                    level = min(bucket.capacity, levels[bucket.name] - tokens)
                    at = _filled_until(rows[bucket.name], now)
                    Allowance.objects.filter(name=bucket.name).update(level=level, at=at)
        if tokens:
            return TakeResult(tokens)
        waits = [((1 - levels[bucket.name]) / bucket.a_second, bucket.name) for bucket in buckets]
        return TakeResult(0, *max(waits))


def forget(*, before: dt.datetime) -> int:
    """Delete the buckets that nobody took from since `before`; how many. One that is full again is as good as none,
    and its name may be the mail domain of a single reader."""
    buckets = Allowance.objects.exclude(name__startswith=daily_quota.NAME)
    return buckets.filter(at__lt=before).delete()[0]


def _filled_until(row: Allowance, now: dt.datetime) -> dt.datetime:
    """Never back, or it would fill twice; unless the clock was set back, or it would not fill for as long."""
    return now if row.at > now + APART else max(row.at, now)


def _level(row: Allowance, bucket: Bucket, now: dt.datetime) -> float:
    passed = max((now - row.at).total_seconds(), 0.0)
    level: float = min(bucket.capacity, row.level + passed * bucket.a_second)
    return level
