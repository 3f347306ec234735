"""Sending stands still while nothing could leave, or should: it goes on by itself, or when a person says so.

A server that refuses everything is asked again with one mail, at growing intervals; when it takes that one, the run
goes on where it was. Nobody's delivery fails meanwhile.
"""

import datetime as dt
import logging

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from digest.models import Pause

logger = logging.getLogger(__name__)

FIRST_WAIT = dt.timedelta(seconds=30)  # doubled with each probe
LONGEST_WAIT = dt.timedelta(minutes=15)
PROBE_LASTS = dt.timedelta(minutes=7)  # while one worker probes the others wait; a dead one's probe is forgotten


def start(reason: str, *, now: dt.datetime, resumes: bool = True) -> None:
    """Stop all sending. Where it `resumes`, probes end the pause; else a person does.

    Told again during a pause, it moves the next probe on; one that a person must end stays so.
    """
    try:
        with transaction.atomic():
            Pause.objects.create(reason=reason, began_at=now, probe_at=now + FIRST_WAIT if resumes else None)
        logger.error("Sending is paused: %s", reason)
    except IntegrityError:
        _extend(reason, now, resumes)


def allowance(*, now: dt.datetime) -> int | None:
    """How many mails may leave now: None for any number, 0 during a pause, 1 for a probe, then the caller's."""
    open_pause = current()
    if open_pause is None:
        return None
    # One that is later than any was noted before the clock was set back.
    is_time = Q(probe_at__lte=now) | Q(probe_at__gt=now + max(LONGEST_WAIT, PROBE_LASTS))
    waiting = Pause.objects.filter(is_time, pk=open_pause.pk, ended_at=None)
    # Of two workers that come at once, one gets it.
    return waiting.update(probe_at=now + PROBE_LASTS, probes=F("probes") + 1)


def current() -> Pause | None:
    return Pause.objects.filter(ended_at=None).first()


def end(*, now: dt.datetime) -> bool:
    """A person lets it go on; whether there was a pause."""
    return _end(Pause.objects.filter(ended_at=None), now)


def end_probed(*, now: dt.datetime) -> bool:
    """A probe was taken. A pause that a person must end stays, also where it came to that during the probe."""
    return _end(Pause.objects.filter(ended_at=None, probe_at__isnull=False), now)


def request_probe(*, now: dt.datetime) -> None:
    """A person asks: the next try is at once. A pause that a person must end stays."""
    Pause.objects.filter(ended_at=None, probe_at__gt=now).update(probe_at=now)


def _end(pauses: QuerySet[Pause], now: dt.datetime) -> bool:
    ended = pauses.update(ended_at=now)
    if ended:
        logger.warning("Sending goes on")
    return bool(ended)


def _extend(reason: str, now: dt.datetime, resumes: bool) -> None:
    pause = Pause.objects.filter(ended_at=None, probe_at__isnull=False).first()
    if pause is None:  # by now a person must end it, or it has ended
        return
    still = Pause.objects.filter(pk=pause.pk, ended_at=None, probe_at__isnull=False)
    if resumes:
        still.update(reason=reason, probe_at=now + min(FIRST_WAIT * 2 ** min(pause.probes, 10), LONGEST_WAIT))
    else:
        still.update(reason=reason, probe_at=None, told_at=None)
