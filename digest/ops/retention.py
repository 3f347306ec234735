"""What is old is forgotten: some thousand rows at a time, so that nobody waits for it long."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from digest import clock
from digest.delivery.limits import daily_quota, database_store
from digest.models import Delivery, DeliveryEvent, FetchRun, Shard, Turn
from digest.ops import daily_totals

BATCH = 5000  # rows
SECONDS = 200.0  # a day's task may take; the rest is left to the next day
A_BREATH = 0.05  # seconds between batches: writers who wait for SQLite's lock get their turn

FULL_AGAIN = dt.timedelta(days=7)  # so is every bucket by then, at a mail a week

_ENDED = (Delivery.Status.SENT, Delivery.Status.FAILED, Delivery.Status.SKIPPED, Delivery.Status.UNCERTAIN)


def prune(
    *, now: dt.datetime, seconds: float = SECONDS, sleep: Callable[[float], object] = time.sleep
) -> dict[str, int]:
    """Delete what is older than RETENTION_DAYS; how many rows of each kind.

    Deliveries and events go only once their day was counted, for the last time.
    """
    ends_at = time.monotonic() + seconds
    counted = daily_totals.counted_until()
    until = now - dt.timedelta(days=settings.RETENTION_DAYS)
    gone = {"events": 0, "deliveries": 0}
    if counted is not None and until.date() <= counted:
        midnight = clock.midnight(until.date())
        gone["events"] = _each(DeliveryEvent.objects.filter(happened_at__lt=midnight), "happened_at", ends_at, sleep)
        old = Delivery.objects.filter(queued_at__lt=midnight, status__in=_ENDED)
        gone["deliveries"] = _each(old, "queued_at", ends_at, sleep)
        Shard.objects.filter(done_at__lt=midnight).delete()
    runs = FetchRun.objects.filter(started_at__lt=until)
    gone["fetch runs"] = _each(runs, "started_at", ends_at, sleep)
    Turn.objects.filter(free_at__lt=until).delete()
    daily_quota.forget(before=until.date())
    database_store.forget(before=now - FULL_AGAIN)
    return gone


def _each(rows: QuerySet[Any], when: str, ends_at: float, sleep: Callable[[float], object]) -> int:
    """Delete all of `rows`, the oldest first by the index on `when`; how many, until `ends_at`."""
    number = 0
    while time.monotonic() < ends_at:
        pks = list(rows.order_by(when).values_list("pk", flat=True)[:BATCH])
        if not pks:
            break
        if rows.model is Delivery:  # a report that came late
            DeliveryEvent.objects.filter(delivery__in=pks).delete()
        rows.model._default_manager.filter(pk__in=pks)._raw_delete(rows.db)  # nothing else hangs on them
        number += len(pks)
        sleep(A_BREATH)
    return number
