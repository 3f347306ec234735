"""The current time, from one clock for all machines.

Machines that share a database use the database's clock, because there is only one. Otherwise a machine with a clock
that is a day ahead would skip every queued delivery and plan digests that are not due yet.
"""

import datetime as dt
import time
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

SYNC_INTERVAL = 60.0  # seconds between queries of the database's clock

# This clock runs while the machine sleeps, because a laptop that was closed for an hour has lost its leases.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class _Anchor(NamedTuple):
    moment: dt.datetime
    seconds: float


_anchor: _Anchor | None = None


def seconds() -> float:
    """Return the seconds since a fixed moment in the past. This clock is never set back."""
    return time.clock_gettime(_CLOCK)


def now() -> dt.datetime:
    """Return the database's time in UTC, accurate to within one query. With SQLite it is this machine's time."""
    global _anchor
    if connection.vendor == "sqlite":
        return timezone.now()
    anchor = _anchor
    if anchor is None or seconds() - anchor.seconds > SYNC_INTERVAL:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            anchor = _anchor = _Anchor(cursor.fetchone()[0], seconds())
    return anchor.moment + dt.timedelta(seconds=seconds() - anchor.seconds)


def midnight(day: dt.date) -> dt.datetime:
    """Return the start of `day` in UTC."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
