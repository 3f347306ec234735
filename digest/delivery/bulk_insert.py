"""Rows in the delivery table for readers by the million: one INSERT … SELECT, and no row passes through Python."""

# ruff: noqa: S608  # put together from names of our own; what readers typed is a parameter

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
    # CROSS, and not only JOIN: SQLite then begins with the slots, which are few.
    "sqlite": "(SELECT "
    + ", ".join(
        f"json_extract(value, '$.{name}') AS {name}"
        for name in ("frequency", "time_zone", "send_hour", "due", "spread", "minutes")
    )
    + " FROM json_each(%s)) AS slot",
}


class DueSlot(NamedTuple):
    """Readers whose hour came at `due`; of those, the ones whose own minute of the hour has come.

    A reader's minute is the remainder of their id by `spread`.
    """

    slot: Slot
    due: dt.datetime
    spread: int
    minutes: int


def enqueue_slots(
    edition: Edition, slots: Sequence[DueSlot], *, now: dt.datetime, status: str = "queued", reason: str = ""
) -> int:
    """A row for each active reader of `slots`, and whose readership is older than `due`; how many are new."""
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
    """A row for each of `readers` who has none; how many are new."""
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
    # Who has a row is left out here, and not by the conflict alone: each would burn an id, every minute anew. In the
    # order of the readers, since rows that come in an index's order are written several times as fast.
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
