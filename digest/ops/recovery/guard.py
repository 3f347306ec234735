"""The guard against sending twice: it pauses sending if the database is older than what was already sent."""

# ruff: noqa: S608  # the SQL is built from our own names

import datetime as dt
import logging

from django.db import connection

from digest.delivery import high_water, pauses
from digest.delivery.high_water import HighWaterMark
from digest.models import Delivery, Installation
from digest.models.installations import ONLY
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

WHAT_TO_DO = (
    "In the admin under Installation, choose “Send what is missing” or “Count as sent”, or run manage.py send_missing "
    "or manage.py count_as_sent. Until then no digest is planned or sent."
)
BEHIND = (
    "The database is older than what was already sent: a backup was restored, or its server lost its last changes. "
    "The last email that it may not know of left at {at:%Y-%m-%d %H:%M} UTC. "
)


def may_send(*, now: dt.datetime) -> bool:
    """Return whether digests may be planned and sent. If the database is behind the high-water mark, pause sending."""
    row = Installation.load()
    mark = high_water.read(row.incarnation)
    row.refresh_from_db(fields=["position", "behind_since", "behind_reason"])  # after the mark, which follows it
    if row.behind_since is None and (mark is None or mark.position <= row.position):
        return True
    if row.behind_since is None and mark:
        hold(BEHIND.format(at=mark.moment) + WHAT_TO_DO, now=now)
    else:
        pauses.start(row.behind_reason, now=now, has_probes=False)  # again, if an admin has ended it
    return False


def hold(reason: str, *, now: dt.datetime) -> None:
    """Pause sending until an operator has said what to do about emails that the database does not know."""
    row = Installation.load()
    mark = high_water.read(row.incarnation)
    if mark:
        skip_used_ids(mark)
    Installation.objects.filter(pk=ONLY).update(behind_since=now, behind_reason=reason)
    pauses.start(reason, now=now, has_probes=False)


def skip_used_ids(mark: HighWaterMark) -> None:
    """Give new rows ids that were never used, because journals and logs still name the old readers and deliveries."""
    for model, highest in ((Delivery, mark.delivery), (Subscriber, mark.reader)):
        table = model._meta.db_table
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), GREATEST(%s, "
                    f"(SELECT COALESCE(MAX(id), 0) FROM {table})) + 1)",  # our own name
                    [table, highest],
                )
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s AND seq < %s", [table, highest])
                cursor.execute(
                    "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s "
                    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
                    [table, highest, table],
                )
