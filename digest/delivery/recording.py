"""What became of mails, into the database: some hundred at a time, each once, however often it is told."""

import datetime as dt
import json
import math
import random
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from digest import events
from digest.delivery import outcomes
from digest.delivery.outcomes import Outcome, Result
from digest.models import Delivery

TRIES = "Given up: tried for a day, and the next edition is coming. "

Status = Delivery.Status
_luck = random.Random()  # noqa: S311  # for spreading retries


def record(done: Sequence[Outcome], *, now: dt.datetime) -> None:
    """Write down `done`. What is already recorded stays as it is."""
    if not done:
        return
    by_result: dict[Result, list[Outcome]] = {}
    for outcome in done:
        by_result.setdefault(outcome.result, []).append(outcome)
    with transaction.atomic():
        _record_sent(by_result.get(Result.SENT, []), now)
        for reason, pks in _by_reason(by_result.get(Result.SKIPPED, [])).items():
            _queued(pks).update(status=Status.SKIPPED, reason=reason)
        _hold_back(by_result.get(Result.HELD, []), now)
        for reason, pks in _by_reason(by_result.get(Result.STOPPED, [])).items():
            _queued(pks).update(reason=reason)
        for outcome in by_result.get(Result.FAILED, []):
            _end([outcome.delivery_id], Status.FAILED, outcome.reason)
        for outcome in by_result.get(Result.LATER, []):
            _try_again(outcome, now)
        for outcome in by_result.get(Result.UNCERTAIN, []):
            record_doubtful([outcome.delivery_id], outcome.reason, now=now, at_once=False)
        bounces = [(outcome.delivery_id, outcome.bounce, outcome.reason) for outcome in done if outcome.bounce]
        events.record_bounces(bounces, now=now)


def record_doubtful(pks: Iterable[int], reason: str, *, now: dt.datetime, at_once: bool = True) -> None:
    """These may have arrived, and nobody can know: UNCERTAIN_MAILS says whether they are sent again.

    Unless the provider has reported of one by now, before its worker could record it.
    """
    pks = events.settle(pks, now=now)
    if settings.UNCERTAIN_MAILS == "leave":
        _end(pks, Status.UNCERTAIN, reason)
    elif at_once:
        _queued(pks).update(attempts=F("attempts") + 1, not_before=now, reason=reason)
    else:
        for pk in pks:
            _try_again(Outcome(pk, Result.UNCERTAIN, reason), now)


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


def _by_reason(done: list[Outcome]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for outcome in done:
        found.setdefault(outcome.reason, []).append(outcome.delivery_id)
    return found


def _try_again(outcome: Outcome, now: dt.datetime) -> None:
    delivery = Delivery.objects.filter(pk=outcome.delivery_id, status=Status.QUEUED).first()
    if delivery is None:
        return
    next_try = now + outcomes.wait_before(delivery.attempts + 1, _luck)
    if outcomes.is_worth_another(delivery.queued_at, next_try):
        delivery.attempts += 1
        delivery.not_before, delivery.reason = next_try, outcome.reason
        delivery.save(update_fields=["attempts", "not_before", "reason"])
    else:
        status = Status.UNCERTAIN if outcome.result is Result.UNCERTAIN else Status.FAILED
        _end([delivery.pk], status, TRIES + outcome.reason)


def _end(pks: Iterable[int], status: str, reason: str) -> None:
    _queued(pks).update(status=status, attempts=F("attempts") + 1, reason=reason)


def _queued(pks: Iterable[int]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk__in=list(pks), status=Status.QUEUED)
