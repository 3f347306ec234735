"""Shards: a few hundred deliveries each, made by the planner, taken by one worker at a time, and given back.

A worker that takes a shard gets a lease on it, and renews the lease while it works. If the lease expires, the worker is
presumed dead and the shard is free again. Leases use the database's clock, because all machines share it, even if their
own clocks differ.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from digest.delivery import poison_pill, results
from digest.models import Delivery, Edition, Shard
from digest.models.deliveries import SUSPECT, UNKEYED

SIZE = 500  # deliveries
LEASE = dt.timedelta(minutes=5)
LEFT_AS_UNCERTAIN = "It may have arrived. An admin decided not to send it again."
WORKER_DIED = "A worker died before it recorded whether this was sent."

Status = Delivery.Status


class LostLeaseError(Exception):
    """Another worker holds the shard now, so this one must not send any more of it."""


def make(edition: Edition, *, after: int, now: dt.datetime) -> int:
    """Put the queued deliveries of `edition` with ids above `after` into shards. Return the number of shards.

    The caller holds a lock on the edition's row, so that no other rows of the edition come in between.
    """
    moment = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO digest_shard (edition_id, first, last, size, made_at, not_before, worker, announced, crashes) "
            "SELECT %s, MIN(id), MAX(id), COUNT(*), %s, %s, '', 0, 0 FROM ("
            " SELECT id, (ROW_NUMBER() OVER (ORDER BY id) - 1) / %s AS part FROM digest_delivery"
            " WHERE edition_id = %s AND id > %s AND status = 'queued') AS numbered GROUP BY part",
            [edition.pk, moment, moment, SIZE, edition.pk, after],
        )
        return int(cursor.rowcount)


def unfinished_due(*, now: dt.datetime) -> QuerySet[Shard]:
    """Return the shards that are due, including leased ones, because their workers may be dead."""
    return Shard.objects.filter(done_at=None, not_before__lte=now)


def unleased(*, now: dt.datetime, edition: Edition | None = None) -> QuerySet[Shard]:
    """Return the due shards that no worker holds."""
    # A lease that ends in the far future was granted before the database's clock was set back.
    no_lease = Q(lease_until=None) | Q(lease_until__lt=Now()) | Q(lease_until__gt=_lease_until() + LEASE)
    waiting = unfinished_due(now=now).filter(no_lease)
    return waiting.filter(edition=edition) if edition else waiting


def takeable(*, now: dt.datetime, edition: Edition | None = None) -> QuerySet[Shard]:
    """Return the shards that a worker may take: the unleased ones, without quarantined ones, which wait for a trial."""
    return unleased(now=now, edition=edition).exclude(poison_pill.QUARANTINED)


def has_other_work(*, now: dt.datetime, untried: bool) -> bool:
    """Return whether a worker may take other shards. If `untried`, count only shards that no worker has tried yet."""
    waiting = takeable(now=now)
    return (waiting.filter(not_before=F("made_at")) if untried else waiting).exists()


def take(worker: str, *, now: dt.datetime, edition: Edition | None = None) -> Shard | None:
    """Claim the shard that has waited longest, or return None. Two workers never get the same shard."""
    with transaction.atomic():
        shard = _lock_first(takeable(now=now, edition=edition))
        if shard is not None:
            _lease(shard, worker, now)
    return shard


def begin_trial(*, now: dt.datetime, edition: Edition | None = None) -> Shard | None:
    """Return the quarantined shard that has waited longest, or None. Its trial process calls `take_for_trial`."""
    with transaction.atomic():
        shard = _lock_first(unleased(now=now, edition=edition).filter(poison_pill.QUARANTINED))
        if shard is not None:
            poison_pill.note_trial(shard, now=now)
            shard.save()
    return shard


def take_for_trial(pk: int, worker: str, *, now: dt.datetime) -> Shard | None:
    """Claim this quarantined shard before it is due, or return None if it is no longer quarantined."""
    with transaction.atomic():
        shard = Shard.objects.select_for_update().filter(poison_pill.QUARANTINED, pk=pk, done_at=None).first()
        if shard is not None:
            _lease(shard, worker, now)
    return shard


def end_trial(pk: int, *, now: dt.datetime) -> bool:
    """Record that a signal ended the trial process of this shard. Return whether its email is at fault."""
    with transaction.atomic():
        shard = Shard.objects.select_for_update().filter(poison_pill.QUARANTINED, pk=pk, done_at=None).first()
        is_at_fault = shard is not None and poison_pill.record_strike(shard, now=now)
        if shard is not None:
            shard.save()
    return is_at_fault


def due_deliveries(shard: Shard, *, now: dt.datetime) -> list[int]:
    """Return the ids of the shard's queued deliveries that are due, in order."""
    queued = shard.deliveries.filter(status=Status.QUEUED, not_before__lte=now)
    return list(queued.order_by("pk").values_list("pk", flat=True))


def queued_at(pks: Iterable[int]) -> dict[int, dt.datetime]:
    return dict(Delivery.objects.filter(pk__in=list(pks)).values_list("pk", "queued_at"))


def uncertain_and_due(shard: Shard, *, now: dt.datetime) -> tuple[dict[str, list[int]], list[int]]:
    """Return the ids of the due deliveries: uncertain ones by the idempotency key of their call, and all others.

    The deliveries of a call stay together, because its key is valid only for the same emails.
    """
    due_pks = due_deliveries(shard, now=now)
    queued = shard.deliveries.filter(status=Status.QUEUED).exclude(call__in=("", UNKEYED))
    calls: dict[str, list[int]] = {}
    for call, pk in queued.order_by("pk").values_list("call", "pk"):
        calls.setdefault(call, []).append(pk)
    # A call is due, whole, as soon as one of its deliveries is.
    are_due = set(due_pks)
    due_calls = {call: pks for call, pks in calls.items() if not are_due.isdisjoint(pks)}
    uncertain = {pk for pks in due_calls.values() for pk in pks}
    return due_calls, [pk for pk in due_pks if pk not in uncertain]


def renew(shard: Shard, *, announced: int = 0) -> None:
    """Renew the lease, and record that deliveries up to id `announced` may be sent from now on.

    Raise LostLeaseError if another worker holds the shard.
    """
    poison_pill.advance_marker(shard, announced)
    mine = Shard.objects.filter(pk=shard.pk, worker=shard.worker)
    if not mine.update(lease_until=_lease_until(), announced=shard.announced, crashes=shard.crashes):
        raise LostLeaseError(f"another worker has taken {shard} from {shard.worker}")


def give_back(shard: Shard, *, now: dt.datetime) -> None:
    """Release the shard. It is done if nothing is queued, and otherwise free again at its earliest next try.

    An email that is quarantined and still queued stays in quarantine.
    """
    queued = shard.deliveries.filter(status=Status.QUEUED)
    next_try = queued.aggregate(Min("not_before"))["not_before__min"]
    due_again = {"done_at": now} if next_try is None else {"not_before": next_try}
    mine = Shard.objects.filter(pk=shard.pk, worker=shard.worker)
    crashes = shard.crashes if shard.is_quarantined and next_try else 0
    mine.update(worker="", lease_until=None, announced=0, crashes=crashes, **due_again)


def release_from_dead(worker: str, *, made_progress: bool) -> None:
    """Release the shards of a dead worker after its journal was recorded, and count the crash.

    If the worker `made_progress`, the shard's count of crashes restarts at zero, unless it is suspect.
    """
    held = Shard.objects.filter(worker=worker, done_at=None)
    no_lease = {"worker": "", "lease_until": None}
    held.filter(poison_pill.QUARANTINED).update(**no_lease)
    if made_progress:
        held.filter(crashes__lt=SUSPECT).update(crashes=0, **no_lease)
    held.update(crashes=F("crashes") + 1, **no_lease)  # those that still name this worker


def retry_now(edition: Edition, *, now: dt.datetime) -> None:
    """Make all queued deliveries of `edition` due now, with a full day of retries, because an operator asked for it."""
    queued = Delivery.objects.filter(edition=edition, status=Status.QUEUED)
    queued.update(queued_at=now, not_before=now)
    _reopen_shards_of(queued, now)


def queue_again(deliveries: QuerySet[Delivery], *, now: dt.datetime) -> int:
    """Queue these again, as if they had never been tried. Return how many."""
    chosen = list(deliveries.values_list("pk", flat=True))
    again = Delivery.objects.filter(pk__in=chosen)
    queued = again.update(status=Status.QUEUED, attempts=0, queued_at=now, not_before=now, call="")
    _make_missing_shards(again, now)
    _reopen_shards_of(again, now)
    return queued


def leave_uncertain(deliveries: QuerySet[Delivery]) -> int:
    """Record that an admin does not want these uncertain deliveries sent again. Return how many."""
    return deliveries.filter(status=Status.UNCERTAIN).update(reason=LEFT_AS_UNCERTAIN)


def expire(*, now: dt.datetime, older_than: dt.timedelta, reason: str) -> int:
    """Skip deliveries that have been queued for longer than `older_than`, with `reason`. Return how many.

    A delivery that may have arrived at an earlier attempt is marked as uncertain instead.
    """
    expired = 0
    for shard in unleased(now=now).filter(made_at__lt=now - older_than):
        queued = shard.deliveries.filter(status=Status.QUEUED, queued_at__lt=now - older_than)
        expired += queued.exclude(call="").update(status=Status.UNCERTAIN, reason=reason)
        expired += queued.update(status=Status.SKIPPED, reason=reason)
        give_back(shard, now=now)
    return expired


def _lock_first(waiting: QuerySet[Shard]) -> Shard | None:
    # SQLite has a single writer, so there are no locked rows to skip.
    skips = connection.features.has_select_for_update_skip_locked
    return waiting.select_for_update(skip_locked=skips).order_by("not_before", "pk").first()


def _lease(shard: Shard, worker: str, now: dt.datetime) -> None:
    if shard.worker:
        # The lease of the last worker expired, and no journal of it was found: all that it announced is uncertain.
        poison_pill.note_death(shard)
        results.record_uncertain(dict.fromkeys(_announced(shard, now), ""), WORKER_DIED, now=now)
    poison_pill.quarantine_announced(shard, now=now)
    shard.worker = worker
    shard.save()
    Shard.objects.filter(pk=shard.pk).update(lease_until=_lease_until())


def _lease_until() -> Combinable:
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())


def _reopen_shards_of(deliveries: QuerySet[Delivery], now: dt.datetime) -> None:
    within = deliveries.filter(edition=OuterRef("edition"), pk__gte=OuterRef("first"), pk__lte=OuterRef("last"))
    Shard.objects.filter(Exists(within)).update(done_at=None, not_before=now)


def _make_missing_shards(deliveries: QuerySet[Delivery], now: dt.datetime) -> None:
    """Make a shard for each delivery that has none, such as a digest that went out with a welcome email."""
    around = Shard.objects.filter(edition=OuterRef("edition"), first__lte=OuterRef("pk"), last__gte=OuterRef("pk"))
    missing = deliveries.exclude(Exists(around)).values_list("edition_id", "pk")
    Shard.objects.bulk_create(
        [Shard(edition_id=edition, first=pk, last=pk, size=1, made_at=now, not_before=now) for edition, pk in missing]
    )


def _announced(shard: Shard, now: dt.datetime) -> list[int]:
    """Return the deliveries that may have been in flight and are not recorded yet.

    Deliveries that wait for a retry are recorded, and so are uncertain calls with an idempotency key.
    """
    queued = shard.deliveries.filter(status=Status.QUEUED, not_before__lte=now, pk__lte=shard.announced)
    return list(queued.filter(call__in=("", UNKEYED)).order_by("pk").values_list("pk", flat=True))
