"""The recorder of results. It writes the outcomes of deliveries into the database, a few hundred at a time.

It only changes deliveries that are still queued. So an outcome may be recorded twice, such as after a crash, and a
delivery that has ended stays as it is.
"""

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

GAVE_UP_REASON = "Gave up after a day of retries, because the next edition is coming. "
CANNOT_TELL = "It may have arrived, and the provider can no longer say."
MAY_HAVE_ARRIVED = "It may have arrived at an earlier attempt."

JUST_NOW = dt.timedelta(minutes=10)

Status = Delivery.Status
K = TypeVar("K")
_reason, _reason_and_call = attrgetter("reason"), attrgetter("reason", "call")
_random = random.Random()  # noqa: S311  # only spreads the retries


def record(done: Sequence[Outcome], *, now: dt.datetime) -> None:
    """Record the outcomes `done`, in one transaction.

    If an outcome that leads to a retry is recorded twice, the second time only adds another wait.
    """
    if not done:
        return
    by_result: dict[Result, list[Outcome]] = {}
    for outcome in done:
        by_result.setdefault(outcome.result, []).append(outcome)
    with transaction.atomic():
        # Accepted by the server.
        _record_sent(by_result.get(Result.SENT, []), now)
        # Nothing to send; but an earlier attempt may have arrived.
        for reason, pks in _by(_reason, by_result.get(Result.SKIPPED, [])).items():
            _queued(pks).exclude(call="").update(status=Status.UNCERTAIN, reason=f"{MAY_HAVE_ARRIVED} {reason}")
            _queued(pks).update(status=Status.SKIPPED, reason=reason)
        # Not tried: a rate limit held them back, or the circuit breaker opened.
        _defer(by_result.get(Result.DEFERRED, []), now)
        for reason, pks in _by(_reason, by_result.get(Result.STOPPED, [])).items():
            _queued(pks).update(reason=reason)
        # Refused for good.
        for outcome in by_result.get(Result.FAILED, []):
            _end_unkeyed([outcome.delivery_id], Status.FAILED, f"{outcome.reason} {MAY_HAVE_ARRIVED}")
            _end([outcome.delivery_id], Status.FAILED, outcome.reason)
        # Refused for now: retry, or fail after a day.
        given_up = set[int]()
        for reason, pks in _by(_reason, by_result.get(Result.RETRY_LATER, [])).items():
            given_up.update(_retry(pks, reason, now, or_else=Status.FAILED))
        # The answer never came.
        for (reason, call), pks in _by(_reason_and_call, by_result.get(Result.UNCERTAIN, [])).items():
            _record_uncertain(pks, reason, now, call)
        # Only a final refusal is a bounce, because greylisting at first gives the same answer as a full mailbox.
        ended = given_up.union(outcome.delivery_id for outcome in by_result.get(Result.FAILED, []))
        bounces = [(o.delivery_id, o.bounce, o.reason) for o in done if o.bounce and o.delivery_id in ended]
        events.record_bounces(bounces, now=now)


def record_uncertain(in_flight: Mapping[int, str], reason: str, *, now: dt.datetime) -> None:
    """Record that a worker died with these emails in flight. Each delivery id comes with the key of its call.

    SMTP emails are retried at once. A provider gets some time to report what it has accepted.
    """
    at_once = set(failover.names()) <= {SMTP}
    uncertain = [Outcome(pk, Result.UNCERTAIN, reason, call=call) for pk, call in in_flight.items()]
    for (why, call), pks in _by(_reason_and_call, uncertain).items():
        _record_uncertain(pks, why, now, call, at_once=at_once)


def break_up_calls(deliveries: QuerySet[Delivery]) -> None:
    """Handle uncertain deliveries by UNCERTAIN_MAILS, because their calls can no longer be repeated as a whole."""
    keyed = deliveries.filter(status=Status.QUEUED).exclude(call__in=("", UNKEYED))
    if settings.UNCERTAIN_MAILS == "leave":
        keyed.update(status=Status.UNCERTAIN, attempts=F("attempts") + 1, reason=CANNOT_TELL)
    else:
        keyed.update(call=UNKEYED)


def can_settle(call: str, pks: Iterable[int], provider: str, *, now: dt.datetime) -> bool:
    """Return whether a repeat of this call finds out for certain if `provider` has already carried it out.

    It does while the provider still knows the call's idempotency key. The time of the call is not stored, so it is
    estimated from the time at which its first repeat is due.
    """
    if not idempotency.knows(provider, call):
        return False
    due = _queued(pks).aggregate(Min("not_before"))["not_before__min"]
    return due is not None and now < due - retry_policy.longest_first_wait() + capability_of(provider).key_lifetime


def others_are_accepted(edition_id: int, *, now: dt.datetime) -> bool:
    """Return whether an email of this edition was accepted just now, so that its emails can be made."""
    sent = Delivery.objects.filter(edition=edition_id, status=Status.SENT, sent_at__gt=now - JUST_NOW)
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


def _defer(held: list[Outcome], now: dt.datetime) -> None:
    """Put these off. It does not count as an attempt, because no server was asked."""
    by_wait: dict[tuple[str, int], list[int]] = {}
    for outcome in held:
        by_wait.setdefault((outcome.reason, math.ceil(outcome.seconds)), []).append(outcome.delivery_id)
    for (reason, seconds), pks in by_wait.items():
        _queued(pks).update(not_before=now + dt.timedelta(seconds=seconds), reason=reason)


def _by(key: Callable[[Outcome], K], done: Iterable[Outcome]) -> dict[K, list[int]]:
    """Return the delivery ids of `done`, grouped by `key`."""
    groups: dict[K, list[int]] = {}
    for outcome in done:
        groups.setdefault(key(outcome), []).append(outcome.delivery_id)
    return groups


def _record_uncertain(pks: Iterable[int], reason: str, now: dt.datetime, call: str, *, at_once: bool = False) -> None:
    """Record that these may have arrived.

    If the call has a key that a provider knows, it is repeated once to find out. Otherwise UNCERTAIN_MAILS decides
    whether they are sent again.
    """
    # 1. Leave out those that already wait for the repeat of this call: they are recorded twice.
    repeats = dict(_queued(pks).filter(call=call).values_list("pk", "not_before")) if call else {}
    due = [pk for pk in pks if repeats.get(pk, now) <= now]
    # 2. Leave out those that the provider has reported as sent in the meantime.
    pks = events.confirm_sent(due, now=now)
    # 3. Repeat the call if it was not repeated yet, leave them as uncertain, or send them again.
    can_tell = any(idempotency.knows(name, call) for name in failover.names()) and repeats.keys().isdisjoint(pks)
    if settings.UNCERTAIN_MAILS == "leave" and not can_tell:
        _end(pks, Status.UNCERTAIN, reason)
    elif at_once:
        _queued(pks).update(attempts=F("attempts") + 1, not_before=now, reason=reason, call=UNKEYED)
    else:
        _retry(pks, reason, now, or_else=Status.UNCERTAIN, call=call or UNKEYED, is_first=can_tell)


def _retry(
    pks: Iterable[int], reason: str, now: dt.datetime, *, or_else: str, call: str = "", is_first: bool = False
) -> list[int]:
    """Set the time of the next try, or end the deliveries as `or_else` if the next edition comes first.

    Return those that ended. `call` is the key of the call to repeat. If `is_first`, it is the first repeat of that call
    and gets the shortest wait, so that the provider still knows the key.
    """
    given_up = []
    groups: dict[tuple[int, dt.datetime], list[int]] = {}
    for pk, attempts, queued_at in _queued(pks).values_list("pk", "attempts", "queued_at"):
        groups.setdefault((attempts, queued_at), []).append(pk)
    for (attempts, queued_at), group in groups.items():
        next_try = now + retry_policy.wait_before(1 if is_first else attempts + 1, _random)
        if retry_policy.is_worth_another(queued_at, next_try):
            _queued(group).update(attempts=attempts + 1, not_before=next_try, reason=reason)
            _set_call(group, call)
        else:
            _end(group, or_else, GAVE_UP_REASON + reason)
            given_up += group
    return given_up


def _set_call(pks: Iterable[int], call: str) -> None:
    """Store the key of the call to repeat. Without one, clear stored keys, but not the mark of uncertain ones."""
    rows = _queued(pks)
    (rows if call else rows.exclude(call=UNKEYED)).update(call=call)


def _end_unkeyed(pks: Iterable[int], status: str, reason: str) -> None:
    """End only those that may have arrived before, in a call without an idempotency key."""
    _queued(pks).filter(call=UNKEYED).update(status=status, attempts=F("attempts") + 1, reason=reason)


def _end(pks: Iterable[int], status: str, reason: str) -> None:
    _queued(pks).update(status=status, attempts=F("attempts") + 1, reason=reason)


def _queued(pks: Iterable[int]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk__in=list(pks), status=Status.QUEUED)
