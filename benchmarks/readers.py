"""Readers by the million, made by the database itself: in many zones, at every hour, each with topics to follow."""

from typing import Any

from django.db import connection
from django.db.models import Field

from subscriptions.models import Subscriber, Topic, TopicFilter

_ZONES = (
    "Pacific/Auckland Australia/Sydney Asia/Tokyo Asia/Shanghai Asia/Kolkata Asia/Dubai Europe/Moscow Africa/Nairobi "
    "Europe/Berlin Europe/Paris Europe/London Africa/Lagos America/Sao_Paulo America/New_York America/Chicago "
    "America/Denver America/Los_Angeles Pacific/Honolulu UTC"
)
ZONES = _ZONES.split(" ")
FREQUENCIES = ("daily",) * 8 + ("weekdays", "weekly")
SINCE = "2026-01-01 00:00:00+00:00"


def make(count: int, *, topics: int = 0) -> None:
    """Active readers, in the place of those there are; each follows so many topics."""
    _empty()
    numbers = _numbers(count)
    values = {
        "uid": "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))",
        "email": "'reader' || n || '@example.org'",
        "status": "'active'",
        "frequency": _one_of(FREQUENCIES, "n / 7"),
        "time_zone": _one_of(ZONES, "n"),
        "send_hour": f"(n / {len(ZONES)}) % 24",
        **{name: _moment() for name in ("created_at", "confirmed_at", "active_since")},
    }
    _insert(Subscriber, values, numbers)
    for topic in Topic.objects.order_by("slug")[:topics]:
        _insert(TopicFilter, {"subscriber_id": "id", "topic_id": str(topic.pk)}, "subscriptions_subscriber")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _empty() -> None:
    with connection.cursor() as cursor:
        for table in ("digest_shard", "digest_delivery", "subscriptions_topicfilter", "subscriptions_subscriber"):
            if connection.vendor == "postgresql":
                cursor.execute(f"TRUNCATE {table} CASCADE")
            else:
                cursor.execute(f"DELETE FROM {table}")


def _numbers(count: int) -> str:
    if connection.vendor == "postgresql":
        return f"generate_series(1, {count}) AS numbers (n)"
    return f"(WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) SELECT n FROM up)"


def _insert(model: Any, values: dict[str, str], source: str) -> None:
    """A row of `model` for each of `source`: `values` in SQL, else what Django would write."""
    columns: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        if field.column in values:
            columns[field.column] = values[field.column]
        elif not field.primary_key:
            columns[field.column] = _default(field)
    select = f"SELECT {', '.join(columns.values())} FROM {source}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) {select}")


def _default(field: "Field[Any, Any]") -> str:
    value = field.get_default()
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else f"'{value}'"


def _one_of(choices: tuple[str, ...] | list[str], number: str) -> str:
    cases = " ".join(f"WHEN {at} THEN '{choice}'" for at, choice in enumerate(choices))
    return f"CASE ({number}) % {len(choices)} {cases} END"


def _moment() -> str:
    return f"TIMESTAMPTZ '{SINCE}'" if connection.vendor == "postgresql" else f"'{SINCE[:19]}'"
