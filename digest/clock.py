"""What time it is, whatever this machine's own clock says.

Where several machines share a database its clock counts, of which there is one: a machine that is a day ahead would
give up all that waits, and plan what is not yet due.
"""

import datetime as dt
import time
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

ASKED_AGAIN_AFTER = 60.0  # seconds

# Goes on while the machine sleeps: a laptop that was closed for an hour has lost its leases.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class _Anchor(NamedTuple):
    moment: dt.datetime
    seconds: float


_anchor: _Anchor | None = None


def seconds() -> float:
    """Since some moment in the past; never set back."""
    return time.clock_gettime(_CLOCK)


def now() -> dt.datetime:
    """The database's time, to within what an answer takes; a file's is this machine's. UTC."""
    global _anchor
    if connection.vendor == "sqlite":
        return timezone.now()
    anchor = _anchor
    if anchor is None or seconds() - anchor.seconds > ASKED_AGAIN_AFTER:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            anchor = _anchor = _Anchor(cursor.fetchone()[0], seconds())
    return anchor.moment + dt.timedelta(seconds=seconds() - anchor.seconds)


def midnight(day: dt.date) -> dt.datetime:
    """When `day` begins; UTC."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
