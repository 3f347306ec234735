"""Some hundred deliveries at a time: made when planned, taken by one worker, given back.

A shard that is taken has a lease, which its worker renews while it works. When the lease runs out without that, the
worker is taken for dead, and the shard is free again. Leases go by the database's clock, of which there is one,
whatever the machines' own clocks say.
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

SIZE = 500
LEASE = dt.timedelta(minutes=5)
LEFT_SO = "It may have arrived. An admin left it so."
DIED = "A worker died while this was on its way."

Status = Delivery.Status


class LostLeaseError(Exception):
    """Somebody else has the shard by now: not another mail of it may leave from here."""


def make(edition: Edition, *, after: int, now: dt.datetime) -> int:
    """Put the queued deliveries of `edition` with ids above `after` into shards; how many shards.

    To be called while the edition's row is locked: then no other rows of it come in between.
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


def due_shards(*, now: dt.datetime) -> QuerySet[Shard]:
    """Those whose time has come, whether or not a worker has them: it may be dead."""
    return Shard.objects.filter(done_at=None, not_before__lte=now)


def free(*, now: dt.datetime, edition: Edition | None = None) -> QuerySet[Shard]:
    """Those that can be taken now."""
    # A lease far ahead was given before the database's clock was set back.
    unleased = Q(lease_until=None) | Q(lease_until__lt=Now()) | Q(lease_until__gt=_lease_until() + LEASE)
    waiting = due_shards(now=now).filter(unleased)
    return waiting.filter(edition=edition) if edition else waiting


def ready(*, now: dt.datetime, edition: Edition | None = None) -> QuerySet[Shard]:
    """Return what can be taken now, except for quarantined shards, which wait for a trial."""
    return free(now=now, edition=edition).exclude(poison_pill.QUARANTINED)


def has_other_work(*, now: dt.datetime, untried: bool) -> bool:
    """Whether there is other work for a worker; `untried`: of which nothing was tried yet."""
    waiting = ready(now=now)
    return (waiting.filter(not_before=F("made_at")) if untried else waiting).exists()


def take(worker: str, *, now: dt.datetime, edition: Edition | None = None) -> Shard | None:
    """Take the shard that waited longest; None where there is none. Two workers never get the same one."""
    with transaction.atomic():
        shard = _lock_first(ready(now=now, edition=edition))
        if shard is not None:
            _lease(shard, worker, now)
    return shard


def begin_trial(*, now: dt.datetime, edition: Edition | None = None) -> Shard | None:
    """Return the quarantined shard that waited longest, if any, for a process that calls `take_for_trial`."""
    with transaction.atomic():
        shard = _lock_first(free(now=now, edition=edition).filter(poison_pill.QUARANTINED))
        if shard is not None:
            poison_pill.begin_trial(shard, now=now)
            shard.save()
    return shard


def take_for_trial(pk: int, worker: str, *, now: dt.datetime) -> Shard | None:
    """Take this quarantined shard, before its time; None where it is no longer to be tried."""
    with transaction.atomic():
        shard = Shard.objects.select_for_update().filter(poison_pill.QUARANTINED, pk=pk, done_at=None).first()
        if shard is not None:
            _lease(shard, worker, now)
    return shard


def end_trial(pk: int, *, now: dt.datetime) -> bool:
    """Note that a signal ended the process that tried this shard; return whether its email is at fault."""
    with transaction.atomic():
        shard = Shard.objects.select_for_update().filter(poison_pill.QUARANTINED, pk=pk, done_at=None).first()
        is_at_fault = shard is not None and poison_pill.record_strike(shard, now=now)
        if shard is not None:
            shard.save()
    return is_at_fault


def due(shard: Shard, *, now: dt.datetime) -> list[int]:
    """The ids of its deliveries whose turn it is, in order."""
    queued = shard.deliveries.filter(status=Status.QUEUED, not_before__lte=now)
    return list(queued.order_by("pk").values_list("pk", flat=True))


def queued_at(pks: Iterable[int]) -> dict[int, dt.datetime]:
    return dict(Delivery.objects.filter(pk__in=list(pks)).values_list("pk", "queued_at"))


def in_doubt_and_due(shard: Shard, *, now: dt.datetime) -> tuple[dict[str, list[int]], list[int]]:
    """What is due: calls that may have been made, by their keys, and the others' ids, both in order.

    Such a call is whole, for its key is good for all of it or for none.
    """
    pks = due(shard, now=now)
    are_due = set(pks)
    queued = shard.deliveries.filter(status=Status.QUEUED).exclude(call__in=("", UNKEYED))
    calls: dict[str, list[int]] = {}
    for call, pk in queued.order_by("pk").values_list("call", "pk"):
        calls.setdefault(call, []).append(pk)
    calls = {call: those for call, those in calls.items() if not are_due.isdisjoint(those)}
    doubtful = {pk for those in calls.values() for pk in those}
    return calls, [pk for pk in pks if pk not in doubtful]


def renew(shard: Shard, *, announced: int = 0) -> None:
    """Keep the lease, and say up to which delivery mails may be handed over. Raises LostLeaseError."""
    poison_pill.advance_marker(shard, announced)
    mine = Shard.objects.filter(pk=shard.pk, worker=shard.worker)
    if not mine.update(lease_until=_lease_until(), announced=shard.announced, crashes=shard.crashes):
        raise LostLeaseError(f"{shard} is no longer {shard.worker}'s")


def give_back(shard: Shard, *, now: dt.datetime) -> None:
    """Let others have what is left of it, at its deliveries' next try; it is done if nothing is left.

    A quarantined email that still waits stays so.
    """
    queued = shard.deliveries.filter(status=Status.QUEUED)
    next_try = queued.aggregate(Min("not_before"))["not_before__min"]
    end = {"done_at": now} if next_try is None else {"not_before": next_try}
    mine = Shard.objects.filter(pk=shard.pk, worker=shard.worker)
    crashes = shard.crashes if shard.is_quarantined and next_try else 0
    mine.update(worker="", lease_until=None, announced=0, crashes=crashes, **end)


def free_those_of(worker: str, *, got_on: bool) -> None:
    """Free what a dead worker held, after its journal was read; `got_on` if it brought any of it to an end."""
    held = Shard.objects.filter(worker=worker, done_at=None)
    no_more = {"worker": "", "lease_until": None}
    held.filter(poison_pill.QUARANTINED).update(**no_more)
    if got_on:
        held.filter(crashes__lt=SUSPECT).update(crashes=0, **no_more)
    held.update(crashes=F("crashes") + 1, **no_more)


def retry_now(edition: Edition, *, now: dt.datetime) -> None:
    """Have all that is queued of `edition` tried now, and for another day: a person asked."""
    queued = Delivery.objects.filter(edition=edition, status=Status.QUEUED)
    queued.update(queued_at=now, not_before=now)
    _open_those_with(queued, now)


def queue_again(deliveries: QuerySet[Delivery], *, now: dt.datetime) -> int:
    """Send these once more, as if they had never been tried; how many."""
    chosen = list(deliveries.values_list("pk", flat=True))
    again = Delivery.objects.filter(pk__in=chosen)
    done = again.update(status=Status.QUEUED, attempts=0, queued_at=now, not_before=now, call="")
    _make_for_those_without(again, now)
    _open_those_with(again, now)
    return done


def leave_uncertain(deliveries: QuerySet[Delivery]) -> int:
    """A person has seen these, and does not want them sent again; how many."""
    return deliveries.filter(status=Status.UNCERTAIN).update(reason=LEFT_SO)


def expire(*, now: dt.datetime, older_than: dt.timedelta, reason: str) -> int:
    """End what nobody could send for so long, so that nothing waits for ever; how many deliveries."""
    expired = 0
    for shard in free(now=now).filter(made_at__lt=now - older_than):
        queued = shard.deliveries.filter(status=Status.QUEUED, queued_at__lt=now - older_than)
        expired += queued.exclude(call="").update(status=Status.UNCERTAIN, reason=reason)
        expired += queued.update(status=Status.SKIPPED, reason=reason)
        give_back(shard, now=now)
    return expired


def _lock_first(waiting: QuerySet[Shard]) -> Shard | None:
    # SQLite has one writer at a time, and nothing to skip.
    skips = connection.features.has_select_for_update_skip_locked
    return waiting.select_for_update(skip_locked=skips).order_by("not_before", "pk").first()


def _lease(shard: Shard, worker: str, now: dt.datetime) -> None:
    if shard.worker:  # its lease ran out: neither it nor its machine's journals were heard of since
        poison_pill.note_death(shard)
        results.record_doubtful(dict.fromkeys(_announced(shard, now), ""), DIED, now=now)
    poison_pill.quarantine_announced(shard, now=now)
    shard.worker = worker
    shard.save()
    Shard.objects.filter(pk=shard.pk).update(lease_until=_lease_until())


def _lease_until() -> Combinable:
    return ExpressionWrapper(Now() + LEASE, output_field=DateTimeField())


def _open_those_with(deliveries: QuerySet[Delivery], now: dt.datetime) -> None:
    within = deliveries.filter(edition=OuterRef("edition"), pk__gte=OuterRef("first"), pk__lte=OuterRef("last"))
    Shard.objects.filter(Exists(within)).update(done_at=None, not_before=now)


def _make_for_those_without(deliveries: QuerySet[Delivery], now: dt.datetime) -> None:
    """One each: what a welcome held was in nobody's plan."""
    around = Shard.objects.filter(edition=OuterRef("edition"), first__lte=OuterRef("pk"), last__gte=OuterRef("pk"))
    alone = deliveries.exclude(Exists(around)).values_list("edition_id", "pk")
    Shard.objects.bulk_create(
        [Shard(edition_id=edition, first=pk, last=pk, size=1, made_at=now, not_before=now) for edition, pk in alone]
    )


def _announced(shard: Shard, now: dt.datetime) -> list[int]:
    """What may have been in hand, and is not recorded. What waits was, and so was a call that its key will settle."""
    queued = shard.deliveries.filter(status=Status.QUEUED, not_before__lte=now, pk__lte=shard.announced)
    return list(queued.filter(call__in=("", UNKEYED)).order_by("pk").values_list("pk", flat=True))
