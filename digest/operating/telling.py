"""Telling the operators of a pause."""

import datetime as dt

from django.conf import settings
from django.db.models import F, Q

from digest.models import Pause
from subscriptions import mail

HICCUP = dt.timedelta(minutes=5)  # a pause that ended by itself before anybody was told is no news


def tell_of_pause(*, now: dt.datetime) -> bool:
    """Mail settings.OPERATORS about a pause, once. While no mail can leave, it is tried again at the next call."""
    lasted = Q(ended_at=None) | Q(ended_at__gte=F("began_at") + HICCUP)
    untold = Pause.objects.filter(lasted, told_at=None).first()
    # Of two schedulers that come at once, one tells.
    if untold is None or not Pause.objects.filter(pk=untold.pk, told_at=None).update(told_at=now):
        return False
    told = mail.tell_operators("paused", {"pause": untold})
    if settings.OPERATORS and not told:
        Pause.objects.filter(pk=untold.pk).update(told_at=None)
    return told
