"""Retention of old rows. They are deleted a few thousand at a time, so that other writers never wait long.

Here are the rows that RETENTION_DAYS concerns. Others have a lifetime of their own, in the module with their
`delete_old` or `delete_unused`.
"""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet

from digest import clock
from digest.delivery.limits import daily_quota, database_store
from digest.models import Delivery, DeliveryEvent, FetchRun, Heartbeat, Incident, Job, Pause, Shard, Turn
from digest.ops import daily_totals, uploaded_tables, write_lock
from subscriptions.models import Farewell

BATCH = 5000  # rows
SECONDS = 200.0  # the longest run; the rest is left to the next day

SILENT_FOR = dt.timedelta(days=1)  # a process that was stopped or renamed
BUCKETS_FULL_AFTER = dt.timedelta(days=7)  # even at one email a week

_ENDED = (Delivery.Status.SENT, Delivery.Status.FAILED, Delivery.Status.SKIPPED, Delivery.Status.UNCERTAIN)


def delete_old(
    *, now: dt.datetime, seconds: float = SECONDS, sleep: Callable[[float], object] = time.sleep
) -> dict[str, int]:
    """Delete rows older than RETENTION_DAYS, in at most `seconds`. Return how many of each kind.

    Deliveries and events are deleted only after the totals of their day were counted for the last time.
    """
    ends_at = time.monotonic() + seconds
    uploaded_tables.delete_abandoned(now=now)
    counted = daily_totals.counted_until()
    until = now - dt.timedelta(days=settings.RETENTION_DAYS)
    deleted = {"events": 0, "deliveries": 0}
    if counted is not None and until.date() <= counted:
        midnight = clock.midnight(until.date())
        events = DeliveryEvent.objects.filter(happened_at__lt=midnight)
        deleted["events"] = _delete(events, "happened_at", ends_at, sleep)
        old = Delivery.objects.filter(queued_at__lt=midnight, status__in=_ENDED)
        deleted["deliveries"] = _delete(old, "queued_at", ends_at, sleep)
        Shard.objects.filter(done_at__lt=midnight).delete()
    runs = FetchRun.objects.filter(started_at__lt=until)
    deleted["fetch runs"] = _delete(runs, "started_at", ends_at, sleep)
    actions = LogEntry.objects.filter(action_time__lt=until)  # of staff in the admin
    deleted["actions"] = _delete(actions, "action_time", ends_at, sleep)
    Job.objects.filter(ended_at__lt=until).delete()
    Turn.objects.filter(free_at__lt=until).delete()
    Incident.objects.filter(ended_at__lt=until).delete()
    Pause.objects.filter(ended_at__lt=until).delete()
    Farewell.objects.filter(day__lt=until.date()).exclude(remark="").update(remark="")  # it may say who wrote it
    Heartbeat.objects.filter(at__lt=now - SILENT_FOR).exclude(kind=Heartbeat.Kind.QUEUE).delete()
    daily_quota.delete_old(before=until.date())
    database_store.delete_old(before=now - BUCKETS_FULL_AFTER)
    return deleted


def _delete(rows: QuerySet[Any], when: str, ends_at: float, sleep: Callable[[float], object]) -> int:
    """Delete `rows` in batches until `ends_at`, the oldest first by the index on `when`. Return how many."""
    number = 0
    while time.monotonic() < ends_at:
        pks = list(rows.order_by(when).values_list("pk", flat=True)[:BATCH])
        if not pks:
            break
        if rows.model is Delivery:  # their late reports
            DeliveryEvent.objects.filter(delivery__in=pks).delete()
        rows.model._default_manager.filter(pk__in=pks)._raw_delete(rows.db)  # no other rows refer to them
        number += len(pks)
        sleep(write_lock.PAUSE)
    return number
