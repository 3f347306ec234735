"""Exports of readers and of the suppression list as CSV, as a stream."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from subscriptions.exchange.formulas import BYTE_ORDER_MARK, csv_lines
from subscriptions.models import Subscriber, Suppression, TopicFilter
from subscriptions.readers.preferences import SETTINGS

BATCH = 2_000

Column = Callable[[Subscriber, list[TopicFilter]], Any]


def _moment(value: dt.datetime | None) -> str:
    return value.isoformat(timespec="seconds") if value else ""


def _field(name: str) -> Column:
    return lambda reader, follows: getattr(reader, name)


# An import reads all columns but the last two, so that readers can move to another site (see `products`).
COLUMNS: dict[str, Column] = {
    "email": _field("email"),
    "status": _field("status"),
    "topics": lambda reader, follows: "; ".join(row.topic.name for row in follows if row.topic),
    "words": lambda reader, follows: "\n".join(row.words for row in follows if not row.topic),
    **{name: _field(name) for name in SETTINGS},
    "follows_likes": _field("follows_likes"),
    "paused_until": lambda reader, follows: reader.paused_until or "",
    "signed_up_at": lambda reader, follows: _moment(reader.created_at),
    "confirmed_at": lambda reader, follows: _moment(reader.confirmed_at),
    "unsubscribed_at": lambda reader, follows: _moment(reader.unsubscribed_at),
    "uid": _field("uid"),
}


def choose(
    *,
    status: Sequence[str] = (),
    frequency: str = "",
    topic: str = "",
    signed_up_from: dt.datetime | None = None,
    signed_up_before: dt.datetime | None = None,
) -> QuerySet[Subscriber]:
    """Return the readers with all of these properties. Empty values don't restrict them."""
    chosen = Q()
    if status:
        chosen &= Q(status__in=status)
    if frequency:
        chosen &= Q(frequency=frequency)
    if topic:
        chosen &= Q(pk__in=TopicFilter.objects.filter(topic__slug=topic).values("subscriber"))
    if signed_up_from:
        chosen &= Q(created_at__gte=signed_up_from)
    if signed_up_before:
        chosen &= Q(created_at__lt=signed_up_before)
    return Subscriber.objects.filter(chosen)


def readers(chosen: QuerySet[Subscriber], columns: Sequence[str] = ()) -> Iterator[str]:
    """Yield CSV with a row for each reader, in the order of their ids."""
    names = list(columns or COLUMNS)
    yield BYTE_ORDER_MARK + csv_lines([names])
    last = 0
    ordered = Subscriber.objects.filter(pk__in=chosen.order_by().values("pk")).order_by("pk")
    while batch := list(ordered.filter(pk__gt=last).prefetch_related("filters__topic")[:BATCH]):
        last = batch[-1].pk
        yield csv_lines([COLUMNS[name](reader, list(reader.filters.all())) for name in names] for reader in batch)


def suppressions() -> Iterator[str]:
    """Yield CSV with a row for each suppressed address, as a hash."""
    yield csv_lines([["address_hash", "reason", "created_at"]])
    last = 0
    while batch := list(Suppression.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        yield csv_lines([row.address_hash, row.reason, _moment(row.created_at)] for row in batch)
