"""Withdrawal of queued deliveries: an operator skips them, or counts them as sent, so that no email is sent.

A worker announces deliveries in its shard's row before it reads which of them are queued. The withdrawal locks that
row. So it changes only deliveries that no worker has read, and leaves those that may be in flight to their worker.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from digest.delivery import results, shards
from digest.models import Delivery, Shard
from digest.models.deliveries import UNKEYED

Status = Delivery.Status


@dataclass(frozen=True)
class WithdrawalCounts:
    """The number of withdrawn deliveries, and of those that were left because they may be in flight."""

    done: int = 0
    in_flight: int = 0

    def __add__(self, other: "WithdrawalCounts") -> "WithdrawalCounts":
        return WithdrawalCounts(self.done + other.done, self.in_flight + other.in_flight)


def skip(deliveries: QuerySet[Delivery], reason: str, *, now: dt.datetime) -> WithdrawalCounts:
    """Skip the queued ones of `deliveries`, with `reason`. Those that may have arrived before become uncertain."""
    return sum(each(deliveries, Status.SKIPPED, reason, now=now), WithdrawalCounts())


def count_as_sent(deliveries: QuerySet[Delivery], reason: str, *, now: dt.datetime) -> WithdrawalCounts:
    """Record the queued ones of `deliveries` as sent now, with `reason`."""
    return sum(each(deliveries, Status.SENT, reason, now=now), WithdrawalCounts())


def each(deliveries: QuerySet[Delivery], status: str, reason: str, *, now: dt.datetime) -> Iterator[WithdrawalCounts]:
    """Withdraw the queued ones of `deliveries` as `status`, shard by shard, each in its own transaction."""
    queued = deliveries.order_by().filter(status=Status.QUEUED)
    within = queued.filter(edition=OuterRef("edition"), pk__gte=OuterRef("first"), pk__lte=OuterRef("last"))
    for pk in list(Shard.objects.filter(Exists(within)).order_by("pk").values_list("pk", flat=True)):
        yield _withdraw(pk, queued, status, reason, now)


def _withdraw(
    shard_pk: int, queued: QuerySet[Delivery], status: str, reason: str, now: dt.datetime
) -> WithdrawalCounts:
    with transaction.atomic():
        # A worker that wants to announce more of this shard, or to take it, waits for the end of this transaction.
        shard = Shard.objects.select_for_update().get(pk=shard_pk)
        chosen = queued.filter(edition_id=shard.edition_id, pk__range=(shard.first, shard.last))
        busy = _may_be_in_flight(shard, now)
        in_flight, pks = chosen.filter(busy).count(), list(chosen.exclude(busy).values_list("pk", flat=True))
        done = _end(Delivery.objects.filter(pk__in=pks), status, reason, now)
        if not shard.worker:
            shards.give_back(shard, now=now)
    return WithdrawalCounts(done, in_flight)


def _may_be_in_flight(shard: Shard, now: dt.datetime) -> Q:
    """Return which deliveries the shard's worker may be sending: announced ones, and calls that it repeats."""
    if not shard.worker:
        return Q(pk__in=())
    return Q(pk__lte=shard.announced, not_before__lte=now) | ~Q(call__in=("", UNKEYED))


def _end(rows: QuerySet[Delivery], status: str, reason: str, now: dt.datetime) -> int:
    queued = rows.filter(status=Status.QUEUED)
    if status == Status.SENT:
        return queued.update(status=status, sent_at=now, reason=reason)
    uncertain = f"{results.MAY_HAVE_ARRIVED} {reason}"
    maybe = queued.exclude(call="").update(status=Status.UNCERTAIN, reason=uncertain)
    return maybe + queued.update(status=status, reason=reason)
