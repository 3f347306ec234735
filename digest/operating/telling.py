"""Mails to the operators."""

import datetime as dt
import logging
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import F, Q

from digest.models import Pause
from subscriptions import mail

logger = logging.getLogger(__name__)

HICCUP = dt.timedelta(minutes=5)  # a pause that ended by itself before anybody was told is no news


def tell(name: str, context: dict[str, Any]) -> bool:
    """Mail the template `name` to each of settings.OPERATORS; whether any of them could be reached."""
    reached = False
    for address in settings.OPERATORS:
        try:
            message = mail.build_message(
                address, *mail.render_email(name, context), {"Auto-Submitted": "auto-generated"}
            )
            message.send()
            reached = True
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            logger.warning("The operators' mail “%s” can't be sent to %s: %s", name, address, error)
    return reached


def tell_of_pause(*, now: dt.datetime) -> bool:
    """Mail settings.OPERATORS about a pause, once. While no mail can leave, it is tried again at the next call."""
    lasted = Q(ended_at=None) | Q(ended_at__gte=F("began_at") + HICCUP)
    untold = Pause.objects.filter(lasted, told_at=None).first()
    # Of two schedulers that come at once, one tells.
    if untold is None or not Pause.objects.filter(pk=untold.pk, told_at=None).update(told_at=now):
        return False
    told = tell("paused", {"pause": untold})
    if settings.OPERATORS and not told:
        Pause.objects.filter(pk=untold.pk).update(told_at=None)
    return told
