"""Alerts while the database is down, and no incident can be stored.

A file in VAR_DIR remembers that the alert was sent, so that several web processes of a machine send one.
"""

import datetime as dt
import logging
from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from digest.ops.health import channels
from digest.ops.health.channels import Event
from subscriptions.email.builder import Alert

logger = logging.getLogger(__name__)

FILE = "database_down"
HEADING = "The database does not answer, or lacks tables"
TEXT = "Pages show an error, and nothing is sent. Start PostgreSQL, check DATABASE_URL, and run manage.py migrate."
ALERT_AFTER = dt.timedelta(seconds=15)  # a restart of the database needs no alert

_began_at: dt.datetime | None = None  # in this process


def note_failure() -> bool:
    """Alert the operators, if no other process of this machine did. Return whether this one did."""
    global _began_at
    _began_at = _began_at or timezone.now()
    if timezone.now() - _began_at < ALERT_AFTER or not channels.exist():
        return False
    try:
        (settings.VAR_DIR / FILE).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # the disk may be full, too; then each process alerts
        logger.warning("VAR_DIR can't be written, so each web process alerts")
    alert = Alert("the database does not answer", HEADING, (f"It began at {_began_at:%H:%M} UTC.",), TEXT)
    accepted = channels.send(alert, [Event("database", HEADING, TEXT, _began_at, None)])
    if not accepted:
        with suppress(OSError):  # the next round tries again
            (settings.VAR_DIR / FILE).unlink()
    return bool(accepted)


def note_success() -> bool:
    """Report the end of the outage, if its start was reported. Return whether this process did."""
    global _began_at
    began_at, _began_at = _began_at, None
    try:
        (settings.VAR_DIR / FILE).unlink()
    except OSError:
        return False
    now, heading = timezone.now(), "The database answers again"
    began_at = began_at or now
    words = f"It began at {began_at:%H:%M} UTC and ended at {now:%H:%M} UTC."
    channels.send(
        Alert("the database answers again", heading, (words,)), [Event("database", heading, "", began_at, now)]
    )
    return True
