"""Pauses of all sending: because the server refuses everything, or because sending would do harm.

If the server refuses everything, a probe (one email) is sent at growing intervals. When a probe is accepted, sending
resumes where it stopped. No delivery fails during a pause. A pause without probes ends when an admin ends it, or at the
time that an admin set when they began it.
"""

import datetime as dt
import logging

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from digest.models import Pause

logger = logging.getLogger(__name__)

FIRST_PROBE_WAIT = dt.timedelta(seconds=30)  # doubled with each probe
MAX_PROBE_WAIT = dt.timedelta(minutes=15)
PROBE_TIMEOUT = dt.timedelta(minutes=7)  # while one worker probes, the others wait, but no longer than this


def start(reason: str, *, now: dt.datetime, has_probes: bool = True) -> None:
    """Pause all sending. If the pause `has_probes`, an accepted probe ends it; otherwise an admin must.

    During a pause, this only postpones the next probe, or changes the pause to one that an admin must end. Such a pause
    stays as it is.
    """
    try:
        with transaction.atomic():
            Pause.objects.create(reason=reason, began_at=now, probe_at=now + FIRST_PROBE_WAIT if has_probes else None)
        logger.error("Sending is paused: %s", reason)
    except IntegrityError:
        _extend(reason, now, has_probes)


def start_by_hand(reason: str, *, by: str, now: dt.datetime, until: dt.datetime | None = None) -> bool:
    """Pause all sending because `by`, an operator, asks for it. It ends at `until`, or when an operator ends it.

    A pause with probes becomes this one. Return False during any other pause, which stays as it is.
    """
    chosen = {"reason": reason, "paused_by": by, "until": until}
    try:
        with transaction.atomic():
            Pause.objects.create(began_at=now, **chosen)
    except IntegrityError:
        probing = Pause.objects.filter(ended_at=None, probe_at__isnull=False)
        if not probing.update(probe_at=None, **chosen):
            return False
    logger.warning("%s has paused sending: %s", by, reason)
    return True


def emails_allowed_now(*, now: dt.datetime) -> int | None:
    """Return how many emails may be sent now: None for any number, 0 during a pause, 1 if the caller may probe."""
    end_expired(now=now)
    open_pause = current()
    if open_pause is None:
        return None
    # A probe that is too far in the future was scheduled before the clock was set back.
    is_time = Q(probe_at__lte=now) | Q(probe_at__gt=now + max(MAX_PROBE_WAIT, PROBE_TIMEOUT))
    waiting = Pause.objects.filter(is_time, pk=open_pause.pk, ended_at=None)
    # The update claims the probe: if two workers try at once, only one of them changes the row.
    return waiting.update(probe_at=now + PROBE_TIMEOUT, probes=F("probes") + 1)


def current() -> Pause | None:
    return Pause.objects.filter(ended_at=None).first()


def end(*, now: dt.datetime) -> bool:
    """End the pause, because an admin asked for it. Return whether there was one."""
    return _end(Pause.objects.filter(ended_at=None), now)


def end_expired(*, now: dt.datetime) -> bool:
    """End the pause if its time is over. Return whether it ended."""
    return _end(Pause.objects.filter(ended_at=None, probe_at=None, until__lte=now), now)


def end_probed(*, now: dt.datetime) -> bool:
    """End the pause, because a probe was accepted, unless an admin must end it. Return whether it ended.

    The pause may have become one that an admin must end during the probe.
    """
    return _end(Pause.objects.filter(ended_at=None, probe_at__isnull=False), now)


def request_probe(*, now: dt.datetime) -> None:
    """Make the next probe due now, because an operator asked for it. It does not affect pauses without probes."""
    Pause.objects.filter(ended_at=None, probe_at__gt=now).update(probe_at=now)


def _end(pauses: QuerySet[Pause], now: dt.datetime) -> bool:
    ended = pauses.update(ended_at=now)
    if ended:
        logger.warning("Sending has resumed")
    return bool(ended)


def _extend(reason: str, now: dt.datetime, has_probes: bool) -> None:
    pause = Pause.objects.filter(ended_at=None, probe_at__isnull=False).first()
    if pause is None:  # it has ended, or an admin must end it
        return
    unchanged = Pause.objects.filter(pk=pause.pk, ended_at=None, probe_at__isnull=False)
    if has_probes:
        unchanged.update(
            reason=reason, probe_at=now + min(FIRST_PROBE_WAIT * 2 ** min(pause.probes, 10), MAX_PROBE_WAIT)
        )
    else:
        unchanged.update(reason=reason, probe_at=None)
