"""Delivery rows for millions of readers: one INSERT … SELECT, so that no row passes through Python."""

# ruff: noqa: S608  # the SQL is built from our own names; everything that readers typed is a parameter

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from digest.editions.due_times import Schedule
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber

_SCHEDULES = {
    "postgresql": "jsonb_to_recordset(%s::jsonb) AS schedule (frequency text, time_zone text, send_hour int, "
    "due timestamptz, spread int, minutes int)",
    # CROSS JOIN makes SQLite start with the schedules, which are few.
    "sqlite": "(SELECT "
    + ", ".join(
        f"json_extract(value, '$.{name}') AS {name}"
        for name in ("frequency", "time_zone", "send_hour", "due", "spread", "minutes")
    )
    + " FROM json_each(%s)) AS schedule",
}


class DueReaders(NamedTuple):
    """The readers of `schedule` who are due at the full hour `due`, once their own minute has come.

    A reader's minute is the remainder of their id divided by `spread`.
    """

    schedule: Schedule
    due: dt.datetime
    spread: int  # minutes over which the readers of one hour are spread
    minutes: int  # the last minute that has come


def enqueue_due(
    edition: Edition, due: Sequence[DueReaders], *, now: dt.datetime, status: str = "queued", reason: str = ""
) -> int:
    """Make a row for each of the `due` readers who has been active since then or longer. Return how many are new."""
    if not due:
        return 0
    readers = (
        f"SELECT reader.id FROM {_SCHEDULES[connection.vendor]} CROSS JOIN subscriptions_subscriber AS reader "
        "WHERE reader.status = 'active' AND reader.frequency = schedule.frequency "
        "AND reader.time_zone = schedule.time_zone AND reader.send_hour = schedule.send_hour "
        "AND reader.active_since <= schedule.due AND reader.id %% schedule.spread <= schedule.minutes"
    )
    return _enqueue(edition, readers, [_as_json(due)], now, status, reason)


def enqueue(edition: Edition, readers: QuerySet[Subscriber], *, now: dt.datetime) -> int:
    """Make a row for each of `readers` who has none yet. Return how many are new."""
    sql, parameters = readers.order_by().values_list("id").query.sql_with_params()
    return _enqueue(edition, sql, parameters, now, Delivery.Status.QUEUED, "")


def _enqueue(
    edition: Edition, readers: str, parameters: Iterable[Any], now: dt.datetime, status: str, reason: str
) -> int:
    moment = connection.ops.adapt_datetimefield_value(now)
    values: dict[str, Any] = {
        "edition_id": edition.pk,
        "status": status,
        "reason": reason,
        "queued_at": moment,
        "not_before": moment,
        "attempts": 0,
        "provider_id": "",
        "papers": "[]",
    }
    # Readers who have a row are excluded here as well, because each conflict would use up an id, every minute.
    # The rows are ordered by reader, because inserts in the order of an index are several times as fast.
    insert = (
        f"INSERT INTO digest_delivery (subscriber_id, {', '.join(values)}) "
        f"SELECT chosen.id, {', '.join(['%s'] * len(values))} FROM ({readers}) AS chosen WHERE NOT EXISTS "
        "(SELECT 1 FROM digest_delivery WHERE edition_id = %s AND subscriber_id = chosen.id) "
        "ORDER BY chosen.id ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(insert, [*values.values(), *parameters, edition.pk])
        return int(cursor.rowcount)


def _as_json(due: Sequence[DueReaders]) -> str:
    as_moment = connection.ops.adapt_datetimefield_value
    rows = [
        each.schedule._asdict() | {"due": str(as_moment(each.due)), "spread": each.spread, "minutes": each.minutes}
        for each in due
    ]
    return json.dumps(rows)
