"""The report of a regular backup. Operators are alerted if one fails, or if none is made anymore."""

import datetime as dt
from contextlib import suppress

from django.db import DatabaseError, InterfaceError

from digest.models import Installation
from digest.models.installations import ONLY
from digest.ops.health import heartbeats, incidents

FAILED = "backup:failed"


def note_success(*, now: dt.datetime) -> None:
    """Store the time of a backup by a timer, and end the incident of one that failed."""
    Installation.load()
    Installation.objects.filter(pk=ONLY).update(backed_up_at=now)
    incidents.end(FAILED, now=now)


def note_failure(reason: str, *, now: dt.datetime) -> None:
    """Begin an incident. It lasts until a backup succeeds."""
    text = f"{reason} After that, run manage.py backup --keep 14, or wait for the next night."
    with suppress(DatabaseError, InterfaceError):  # the database is down, and that has an alert of its own
        incidents.begin(FAILED, f"The backup on {heartbeats.host()} failed", text, now=now)
