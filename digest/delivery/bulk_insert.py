"""Delivery rows for millions of readers: one INSERT … SELECT, so that no row passes through Python."""

# ruff: noqa: S608  # the SQL is built from our own names; everything that readers typed is a parameter

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from digest.editions.due_times import Slot
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber

_SLOTS = {
    "postgresql": "jsonb_to_recordset(%s::jsonb) AS slot (frequency text, time_zone text, send_hour int, "
    "due timestamptz, spread int, minutes int)",
    # CROSS JOIN makes SQLite start with the slots, which are few.
    "sqlite": "(SELECT "
    + ", ".join(
        f"json_extract(value, '$.{name}') AS {name}"
        for name in ("frequency", "time_zone", "send_hour", "due", "spread", "minutes")
    )
    + " FROM json_each(%s)) AS slot",
}


class DueSlot(NamedTuple):
    """The readers of `slot` who are due at the full hour `due`, once their own minute has come.

    A reader's minute is the remainder of their id divided by `spread`.
    """

    slot: Slot
    due: dt.datetime
    spread: int  # minutes over which the readers of one hour are spread
    minutes: int  # the last minute that has come


def enqueue_slots(
    edition: Edition, slots: Sequence[DueSlot], *, now: dt.datetime, status: str = "queued", reason: str = ""
) -> int:
    """Make a row for each reader of `slots` who has been active since `due` or longer. Return how many are new."""
    if not slots:
        return 0
    readers = (
        f"SELECT reader.id FROM {_SLOTS[connection.vendor]} CROSS JOIN subscriptions_subscriber AS reader "
        "WHERE reader.status = 'active' AND reader.frequency = slot.frequency AND reader.time_zone = slot.time_zone "
        "AND reader.send_hour = slot.send_hour AND reader.active_since <= slot.due "
        "AND reader.id %% slot.spread <= slot.minutes"
    )
    return _enqueue(edition, readers, [_as_json(slots)], now, status, reason)


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


def _as_json(slots: Sequence[DueSlot]) -> str:
    as_moment = connection.ops.adapt_datetimefield_value
    rows = [
        slot.slot._asdict() | {"due": str(as_moment(slot.due)), "spread": slot.spread, "minutes": slot.minutes}
        for slot in slots
    ]
    return json.dumps(rows)
