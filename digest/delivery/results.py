"""What became of mails, into the database: some hundred at a time. Told twice, what has ended stays as it ended."""

import datetime as dt
import json
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min, QuerySet

from digest.delivery import events, retry_policy
from digest.delivery.providers import failover, idempotency
from digest.delivery.providers.capabilities import SMTP, capability_of
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery
from digest.models.deliveries import UNKEYED

TRIES = "Given up: tried for a day, and the next edition is coming. "
CANNOT_TELL = "It may have arrived, and the provider can't be asked any more."
MAY_HAVE_ARRIVED = "It may have arrived at a try before."

LATELY = dt.timedelta(minutes=10)

Status = Delivery.Status
K = TypeVar("K")
_reason, _reason_and_call = attrgetter("reason"), attrgetter("reason", "call")
_luck = random.Random()  # noqa: S311  # for spreading retries


def record(done: Sequence[Outcome], *, now: dt.datetime) -> None:
    """Write down `done`. Who waits for another try, and is told of once more after a death, waits anew."""
    if not done:
        return
    by_result: dict[Result, list[Outcome]] = {}
    for outcome in done:
        by_result.setdefault(outcome.result, []).append(outcome)
    with transaction.atomic():
        _record_sent(by_result.get(Result.SENT, []), now)
        for reason, pks in _by(_reason, by_result.get(Result.SKIPPED, [])).items():
            _queued(pks).exclude(call="").update(status=Status.UNCERTAIN, reason=f"{MAY_HAVE_ARRIVED} {reason}")
            _queued(pks).update(status=Status.SKIPPED, reason=reason)
        _hold_back(by_result.get(Result.HELD, []), now)
        for reason, pks in _by(_reason, by_result.get(Result.STOPPED, [])).items():
            _queued(pks).update(reason=reason)
        for outcome in by_result.get(Result.FAILED, []):
            _end_doubtful([outcome.delivery_id], Status.FAILED, f"{outcome.reason} {MAY_HAVE_ARRIVED}")
            _end([outcome.delivery_id], Status.FAILED, outcome.reason)
        given_up = set[int]()
        for reason, pks in _by(_reason, by_result.get(Result.LATER, [])).items():
            given_up.update(_try_again(pks, reason, now, or_else=Status.FAILED))
        for (reason, call), pks in _by(_reason_and_call, by_result.get(Result.UNCERTAIN, [])).items():
            _doubt(pks, reason, now, call)
        # Who is let in at the second try has not bounced: greylisting says at first what a full mailbox says.
        ended = given_up.union(outcome.delivery_id for outcome in by_result.get(Result.FAILED, []))
        bounces = [(one.delivery_id, one.bounce, one.reason) for one in done if one.bounce and one.delivery_id in ended]
        events.record_bounces(bounces, now=now)


def record_doubtful(in_hand: Mapping[int, str], reason: str, *, now: dt.datetime) -> None:
    """A worker died with these in hand, in calls of these keys.

    Unlike a mail server, a provider gets some time to report what it took.
    """
    at_once = set(failover.names()) <= {SMTP}
    doubtful = [Outcome(pk, Result.UNCERTAIN, reason, call=call) for pk, call in in_hand.items()]
    for (why, call), pks in _by(_reason_and_call, doubtful).items():
        _doubt(pks, why, now, call, at_once=at_once)


def break_up_calls(deliveries: QuerySet[Delivery]) -> None:
    """Let UNCERTAIN_MAILS decide about deliveries in doubt: their calls can no longer be made again whole."""
    keyed = deliveries.filter(status=Status.QUEUED).exclude(call__in=("", UNKEYED))
    if settings.UNCERTAIN_MAILS == "leave":
        keyed.update(status=Status.UNCERTAIN, attempts=F("attempts") + 1, reason=CANNOT_TELL)
    else:
        keyed.update(call=UNKEYED)


def can_settle(call: str, pks: Iterable[int], provider: str, *, now: dt.datetime) -> bool:
    """Whether `provider` knows for sure if it has done this call, in doubt for the first time, that is due by now."""
    if not idempotency.knows(provider, call):
        return False
    due = _queued(pks).aggregate(Min("not_before"))["not_before__min"]
    return due is not None and now < due - retry_policy.longest_wait() + capability_of(provider).key_lifetime


def others_leave(edition_id: int, *, now: dt.datetime) -> bool:
    """Return whether an email of this edition was taken a short while ago, so that its emails can be made."""
    sent = Delivery.objects.filter(edition=edition_id, status=Status.SENT, sent_at__gt=now - LATELY)
    return sent.exists()


def _record_sent(sent: list[Outcome], now: dt.datetime) -> None:
    if not sent:
        return
    moment = connection.ops.adapt_datetimefield_value(now)
    rows = [(moment, json.dumps(o.papers or {}), o.provider_id, o.delivery_id) for o in sent]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE digest_delivery SET status = 'sent', sent_at = %s, attempts = attempts + 1, reason = '', "
            "papers = %s, provider_id = %s WHERE id = %s AND status IN ('queued', 'uncertain')",
            rows,
        )


def _hold_back(held: list[Outcome], now: dt.datetime) -> None:
    """Not a try: nobody was asked."""
    together: dict[tuple[str, int], list[int]] = {}
    for outcome in held:
        together.setdefault((outcome.reason, math.ceil(outcome.seconds)), []).append(outcome.delivery_id)
    for (reason, seconds), pks in together.items():
        _queued(pks).update(not_before=now + dt.timedelta(seconds=seconds), reason=reason)


def _by(key: Callable[[Outcome], K], done: Iterable[Outcome]) -> dict[K, list[int]]:
    found: dict[K, list[int]] = {}
    for outcome in done:
        found.setdefault(key(outcome), []).append(outcome.delivery_id)
    return found


def _doubt(pks: Iterable[int], reason: str, now: dt.datetime, call: str, *, at_once: bool = False) -> None:
    """These may have arrived. Once, their call's key can tell; else UNCERTAIN_MAILS says whether they are sent again.

    Unless the provider has reported of one by now, before its worker could record it.
    """
    asked = dict(_queued(pks).filter(call=call).values_list("pk", "not_before")) if call else {}
    # Who waits for that was told of before.
    pks = events.confirm_sent([pk for pk in pks if asked.get(pk, now) <= now], now=now)
    can_tell = any(idempotency.knows(name, call) for name in failover.names()) and asked.keys().isdisjoint(pks)
    if settings.UNCERTAIN_MAILS == "leave" and not can_tell:
        _end(pks, Status.UNCERTAIN, reason)
    elif at_once:
        _queued(pks).update(attempts=F("attempts") + 1, not_before=now, reason=reason, call=UNKEYED)
    else:
        _try_again(pks, reason, now, or_else=Status.UNCERTAIN, call=call or UNKEYED, is_first=can_tell)


def _try_again(
    pks: Iterable[int], reason: str, now: dt.datetime, *, or_else: str, call: str = "", is_first: bool = False
) -> list[int]:
    """Put these off, or end them as `or_else` where the next edition comes first: then they are returned.

    `call` is the key of the call that may have been made with them, and is to be made again; while it `is_first`, soon
    enough for the provider to know it.
    """
    given_up = []
    alike: dict[tuple[int, dt.datetime], list[int]] = {}
    for pk, attempts, queued_at in _queued(pks).values_list("pk", "attempts", "queued_at"):
        alike.setdefault((attempts, queued_at), []).append(pk)
    for (attempts, queued_at), those in alike.items():
        next_try = now + retry_policy.wait_before(1 if is_first else attempts + 1, _luck)
        if retry_policy.is_worth_another(queued_at, next_try):
            _queued(those).update(attempts=attempts + 1, not_before=next_try, reason=reason)
            _note_call(those, call)
        else:
            _end(those, or_else, TRIES + reason)
            given_up += those
    return given_up


def _note_call(pks: Iterable[int], call: str) -> None:
    """The call in which they may have been handed over; without one, an answer settles only what has a key."""
    rows = _queued(pks)
    (rows if call else rows.exclude(call=UNKEYED)).update(call=call)


def _end_doubtful(pks: Iterable[int], status: str, reason: str) -> None:
    """Of these, the ones of which no key will tell whether they arrived before."""
    _queued(pks).filter(call=UNKEYED).update(status=status, attempts=F("attempts") + 1, reason=reason)


def _end(pks: Iterable[int], status: str, reason: str) -> None:
    _queued(pks).update(status=status, attempts=F("attempts") + 1, reason=reason)


def _queued(pks: Iterable[int]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk__in=list(pks), status=Status.QUEUED)
