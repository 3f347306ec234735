"""Emails that kill the process that makes or sends them: found, set apart, and given up only when proven.

Workers die for many reasons, and a death accuses no email. One is at fault only if processes die on it while they
survive others:

1. After SUSPECT deaths in a row without progress a shard is sent one email at a time, each announced before anything
   is done with it.
2. The email at which a worker dies then is quarantined: it gets a shard of its own, and waits. The others go on at
   full speed.
3. When it has waited, and nothing else is due, a process of its own tries it (see `trial`). It is a strike only if that
   process made the email of another reader first, then died at this one, and the worker that watched it lived. Every
   trial is later than the one before, whatever comes of it.
4. After STRIKES strikes, which takes five hours, the delivery has failed. The operators are alerted at the first.
"""

import datetime as dt
import random

from django.db.models import F, Q

from digest.delivery import results, retry_policy
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery, Shard
from digest.models.deliveries import SUSPECT

STRIKES = 5
QUARANTINED = Q(crashes__gte=SUSPECT, first=F("last"))  # see Shard.is_quarantined
SET_APART = "A worker died while it made or sent this alone. It is tried again in a process of its own."
STRUCK = "A process of its own died {number} of {most} times while it made or sent this. It is tried again, later."
GUILTY = f"Given up: {STRIKES} processes died while they made or sent it, and survived others. Please report it."

_luck = random.Random()  # noqa: S311  # for spreading retries


def note_death(shard: Shard) -> None:
    """Count a worker's death. The caller saves the shard."""
    if not shard.is_quarantined:
        shard.crashes += 1


def quarantine_announced(shard: Shard, *, now: dt.datetime) -> None:
    """At a new attempt: quarantine the announced email if a worker died while it was sent alone.

    The caller saves the shard, which keeps those before it, or those after it if there are none before.
    """
    if shard.crashes > SUSPECT and not shard.is_quarantined:
        shard.crashes = SUSPECT
        suspect = shard.deliveries.filter(pk=shard.announced, status=Delivery.Status.QUEUED).first()
        if suspect is not None:
            _quarantine(suspect, shard, now)
    shard.announced = 0


def advance_marker(shard: Shard, announced: int) -> None:
    """Note that `announced` is about to be touched. The caller saves the shard."""
    shard.announced = announced or shard.announced if shard.is_suspect else max(shard.announced, announced)


def note_progress(shard: Shard) -> None:
    """Forget the deaths: some of the shard came to an end."""
    if shard.crashes and not shard.is_suspect:
        Shard.objects.filter(pk=shard.pk, worker=shard.worker).update(crashes=0)
        shard.crashes = 0


def begin_trial(shard: Shard, *, now: dt.datetime) -> None:
    """Put the next trial off, so that this one holds nothing up though everything dies of it. The caller saves."""
    suspect = shard.deliveries.filter(status=Delivery.Status.QUEUED).first()
    trials = suspect.attempts if suspect else 0
    shard.announced, shard.not_before = 0, now + retry_policy.wait_before(trials + 1, _luck)
    shard.deliveries.filter(status=Delivery.Status.QUEUED).update(attempts=F("attempts") + 1)


def record_strike(shard: Shard, *, now: dt.datetime) -> bool:
    """Count a trial that died of a signal while its worker lived, if it proves its email at fault; return True then.

    The caller saves the shard.
    """
    suspect = shard.deliveries.filter(pk=shard.announced, status=Delivery.Status.QUEUED).first()
    if suspect is None:  # the process died before it came to this email, or after it
        return False
    if not Delivery.objects.filter(edition=shard.edition_id, status=Delivery.Status.SENT).exists():
        return False  # there was no other to survive
    shard.crashes += 1
    if shard.strikes < STRIKES:
        suspect.reason, suspect.not_before = STRUCK.format(number=shard.strikes, most=STRIKES), shard.not_before
        suspect.save(update_fields=["reason", "not_before"])
    else:
        results.record([Outcome(suspect.pk, Result.FAILED, GUILTY)], now=now)
        shard.done_at, shard.alerted_at = now, None
    return True


def _quarantine(suspect: Delivery, shard: Shard, now: dt.datetime) -> None:
    results.break_up_calls(shard.deliveries)
    wait = retry_policy.wait_before(1, _luck)
    Delivery.objects.filter(pk=suspect.pk).update(attempts=F("attempts") + 1, not_before=now + wait, reason=SET_APART)
    parts = [(shard.first, suspect.pk - 1), (suspect.pk + 1, shard.last)]
    (shard.first, shard.last), *rest = [part for part in parts if part[0] <= part[1]]
    shard.crashes, shard.size = 0, shard.deliveries.count()
    shard.save()  # before another takes its first place
    for first, last in rest:
        _add(shard, first, last, not_before=shard.not_before)
    _add(shard, suspect.pk, suspect.pk, not_before=now + wait, crashes=SUSPECT)


def _add(shard: Shard, first: int, last: int, *, not_before: dt.datetime, crashes: int = 0) -> None:
    part = Shard(edition_id=shard.edition_id, first=first, last=last, made_at=shard.made_at)
    part.size, part.not_before, part.crashes = part.deliveries.count(), not_before, crashes
    part.save()
