"""Token buckets in the database, for installations without Redis, and for times when Redis is unavailable.

`subscriptions.security.abuse_limits` also counts in the database, but something else: uses in a sliding window, by a
hash of their subject. Here a row holds the level of one bucket, under its plain name.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from digest import clock
from digest.delivery.limits import daily_quota
from digest.delivery.limits.token_bucket import Bucket, TakeResult
from digest.models import Allowance

CLOCK_TOLERANCE = dt.timedelta(seconds=1)  # workers know the time of the database only to within one round trip


class DatabaseStore:
    """A store that keeps each bucket in one row of Allowance."""

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        now = clock.now()
        names = sorted(bucket.name for bucket in buckets)
        with transaction.atomic():
            # Lock the rows in the order of their names, so that two workers can't deadlock.
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
            if tokens or any(row.at > now + CLOCK_TOLERANCE for row in rows.values()):
                for bucket in buckets:
                    level = min(bucket.capacity, levels[bucket.name] - tokens)
                    at = _filled_until(rows[bucket.name], now)
                    Allowance.objects.filter(name=bucket.name).update(level=level, at=at)
        if tokens:
            return TakeResult(tokens)
        waits = [((1 - levels[bucket.name]) / bucket.per_second, bucket.name) for bucket in buckets]
        return TakeResult(0, *max(waits))


def delete_old(*, before: dt.datetime) -> int:
    """Delete the buckets that have not been used since `before`. Return how many there were.

    A missing bucket counts as full, so nothing is lost. A name may be the email domain of a single reader.
    """
    buckets = Allowance.objects.exclude(name__startswith=daily_quota.NAME)
    return buckets.filter(at__lt=before).delete()[0]


def _filled_until(row: Allowance, now: dt.datetime) -> dt.datetime:
    """Return the time of the new level.

    It never goes back, or the bucket would fill twice; except after the clock was set back, or it would not fill at all
    until the clock has caught up.
    """
    return now if row.at > now + CLOCK_TOLERANCE else max(row.at, now)


def _level(row: Allowance, bucket: Bucket, now: dt.datetime) -> float:
    passed = max((now - row.at).total_seconds(), 0.0)
    level: float = min(bucket.capacity, row.level + passed * bucket.per_second)
    return level
