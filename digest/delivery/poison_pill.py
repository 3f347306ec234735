"""Poison pills: emails that kill the process that makes or sends them. They are quarantined, and fail only if proven.

Workers die for many reasons, so a crash alone does not incriminate an email. An email is to blame only if processes
crash on it and survive others:

1. After SUSPECT crashes in a row without progress, a shard is sent one email at a time. Each is announced before
   anything is done with it.
2. If a worker then dies, the announced email is quarantined: it gets a shard of its own, and waits. The others are
   sent at full speed.
3. When the wait is over and nothing else is due, a separate process tries the email (see `trial`). The email gets a
   strike only if that process first made the email of another reader, then crashed on this one, and the worker that
   watched it survived. The wait before each trial is longer than the one before.
4. After MAX_STRIKES strikes, which takes five hours, the delivery fails. An incident alerts the operators
   at the first strike and at the last.
"""

import datetime as dt
import random

from django.db.models import F, Q

from digest.delivery import results, retry_policy
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery, Shard
from digest.models.deliveries import SUSPECT

MAX_STRIKES = 5
QUARANTINED = Q(crashes__gte=SUSPECT, first=F("last"))  # the same as Shard.is_quarantined
IN_QUARANTINE = "A worker crashed while it built or sent only this email. It will be tried again in a separate process."
STRUCK = "A separate process crashed while it built or sent this email ({number} of {most} times). It is tried again."
GAVE_UP_REASON = f"Gave up: {MAX_STRIKES} processes crashed on this email and on no other. Please report this."

_random = random.Random()  # noqa: S311  # only spreads the retries


def note_death(shard: Shard) -> None:
    """Count the crash of a worker. The caller saves the shard."""
    if not shard.is_quarantined:
        shard.crashes += 1


def quarantine_announced(shard: Shard, *, now: dt.datetime) -> None:
    """Quarantine the announced email if a worker died while sending it alone. Call this before a new attempt.

    The shard keeps the deliveries before that email, or those after it if there are none before. The caller saves it.
    """
    if shard.crashes > SUSPECT and not shard.is_quarantined:
        shard.crashes = SUSPECT
        suspect = shard.deliveries.filter(pk=shard.announced, status=Delivery.Status.QUEUED).first()
        if suspect is not None:
            _quarantine(suspect, shard, now)
    shard.announced = 0


def advance_marker(shard: Shard, announced: int) -> None:
    """Announce the deliveries up to this id, or only this one if the shard is suspect. 0 changes nothing.

    The caller saves the shard.
    """
    shard.announced = announced or shard.announced if shard.is_suspect else max(shard.announced, announced)


def note_progress(shard: Shard) -> None:
    """Reset the count of crashes, because some of the shard was done."""
    if shard.crashes and not shard.is_suspect:
        Shard.objects.filter(pk=shard.pk, worker=shard.worker).update(crashes=0)
        shard.crashes = 0


def note_trial(shard: Shard, *, now: dt.datetime) -> None:
    """Schedule the next trial before this one begins, so that not even a crash of everything repeats it at once.

    The caller saves the shard.
    """
    suspect = shard.deliveries.filter(status=Delivery.Status.QUEUED).first()
    trials = suspect.attempts if suspect else 0
    shard.announced, shard.not_before = 0, now + retry_policy.wait_before(trials + 1, _random)
    shard.deliveries.filter(status=Delivery.Status.QUEUED).update(attempts=F("attempts") + 1)


def record_strike(shard: Shard, *, now: dt.datetime) -> bool:
    """Count a strike if a trial that was ended by a signal proves that its email is to blame. Return whether it does.

    Its worker has survived. The caller saves the shard.
    """
    suspect = shard.deliveries.filter(pk=shard.announced, status=Delivery.Status.QUEUED).first()
    if suspect is None:  # the process died before it came to this email, or after it
        return False
    if not Delivery.objects.filter(edition=shard.edition_id, status=Delivery.Status.SENT).exists():
        return False  # no other email was made that the process could survive
    shard.crashes += 1
    if shard.strikes < MAX_STRIKES:
        suspect.reason, suspect.not_before = STRUCK.format(number=shard.strikes, most=MAX_STRIKES), shard.not_before
        suspect.save(update_fields=["reason", "not_before"])
    else:
        results.record([Outcome(suspect.pk, Result.FAILED, GAVE_UP_REASON)], now=now)
        shard.done_at = now
    return True


def _quarantine(suspect: Delivery, shard: Shard, now: dt.datetime) -> None:
    # The email leaves its shard, so calls that include it can't be repeated as a whole.
    results.break_up_calls(shard.deliveries)
    due = now + retry_policy.wait_before(1, _random)
    Delivery.objects.filter(pk=suspect.pk).update(attempts=F("attempts") + 1, not_before=due, reason=IN_QUARANTINE)
    # The shard becomes up to three: the deliveries before the email, those after it, and the email alone.
    parts = [(shard.first, suspect.pk - 1), (suspect.pk + 1, shard.last)]
    (shard.first, shard.last), *rest = [part for part in parts if part[0] <= part[1]]
    shard.crashes, shard.size = 0, shard.deliveries.count()
    shard.save()  # first, because only one shard of an edition may begin at an id
    for first, last in rest:
        _add(shard, first, last, not_before=shard.not_before)
    _add(shard, suspect.pk, suspect.pk, not_before=due, crashes=SUSPECT)


def _add(shard: Shard, first: int, last: int, *, not_before: dt.datetime, crashes: int = 0) -> None:
    part = Shard(edition_id=shard.edition_id, first=first, last=last, made_at=shard.made_at)
    part.size, part.not_before, part.crashes = part.deliveries.count(), not_before, crashes
    part.save()
