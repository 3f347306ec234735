"""The reputation guard: too many complaints or bounces pause all sending, until an admin ends the pause."""

import datetime as dt

from django.conf import settings

from digest.delivery import pauses
from digest.models import Pause
from digest.ops import reputation
from digest.ops.reputation import ReputationRates

ADVICE = "Find the cause before you end the pause: see Deliverability and Provider reports in the admin."


def pause_if_harmful(*, now: dt.datetime) -> bool:
    """Pause sending if the rates of the last days exceed the limits. Return whether it was paused now.

    A pause that would end by itself then waits for an admin as well.
    """
    pause = pauses.current()
    if pause is not None and pause.probe_at is None:
        return False
    reason = problem(reputation.recent_rates(now=now, since=_last_acknowledged()))
    if reason:
        pauses.start(f"{reason} {ADVICE}", now=now, has_probes=False)
    return bool(reason)


def problem(rates: ReputationRates) -> str:
    """Return why no more emails may be sent, or an empty string if the rates are fine or not significant."""
    if not rates.is_significant:
        return ""
    if rates.complaint_rate >= settings.PAUSE_AT_COMPLAINTS:
        return f"{rates.complained} The limit is {settings.PAUSE_AT_COMPLAINTS:g} %."
    if rates.bounce_rate >= settings.PAUSE_AT_BOUNCES:
        return f"{rates.bounced} The limit is {settings.PAUSE_AT_BOUNCES:g} %."
    return ""


def _last_acknowledged() -> dt.datetime | None:
    """Return when an admin last ended such a pause. Emails that were sent before then are acknowledged."""
    ended = Pause.objects.filter(ended_at__isnull=False, probe_at=None, paused_by="").order_by("-ended_at")
    return ended.values_list("ended_at", flat=True).first()
