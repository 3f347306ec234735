"""Sending stops by itself when too many complain, or too much bounces; a person must look, and let it go on."""

import datetime as dt

from django.conf import settings

from digest.delivery import pauses
from digest.models import Pause
from digest.ops import reputation
from digest.ops.reputation import ReputationRates

LOOK = "Find out why before you let it go on: admin → Daily totals, Delivery events."


def pause_if_harmful(*, now: dt.datetime) -> bool:
    """Pause sending if the last days' rates are beyond the limits; whether it was paused now.

    A pause that would end by itself then waits for a person, too.
    """
    pause = pauses.current()
    if pause is not None and pause.probe_at is None:
        return False
    reason = problem(reputation.recent_rates(now=now, since=_last_acknowledged()))
    if reason:
        pauses.start(f"{reason} {LOOK}", now=now, resumes=False)
    return bool(reason)


def problem(lately: ReputationRates) -> str:
    """Why nothing more may be sent; nothing where all is well, or where too few mails say anything."""
    if not lately.says_something:
        return ""
    if lately.complaint_rate >= settings.PAUSE_AT_COMPLAINTS:
        told = f"{lately.complaints} of {lately.sent:,} mails of the last days were called spam"
        return f"{told}: {lately.complaint_rate:.2f} %, and {settings.PAUSE_AT_COMPLAINTS:g} % is the limit."
    if lately.bounce_rate >= settings.PAUSE_AT_BOUNCES:
        told = f"{lately.bounces} of {lately.sent:,} mails of the last days bounced"
        return f"{told}: {lately.bounce_rate:.1f} %, and {settings.PAUSE_AT_BOUNCES:g} % is the limit."
    return ""


def _last_acknowledged() -> dt.datetime | None:
    """When a person last let sending go on after such a pause: what came before is known."""
    ended = Pause.objects.filter(ended_at__isnull=False, probe_at=None).order_by("-ended_at")
    return ended.values_list("ended_at", flat=True).first()
