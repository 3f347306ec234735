"""Telling the operators of a pause, and of an email that kills the process that makes or sends it."""

import datetime as dt

from django.conf import settings
from django.db.models import F, Q

from digest.models import Pause, Shard
from digest.models.deliveries import SUSPECT
from subscriptions.email import builder

HICCUP = dt.timedelta(minutes=5)  # a pause that ended by itself before anybody was told is no news


def email_operators_of_pause(*, now: dt.datetime) -> bool:
    """Mail settings.OPERATORS about a pause, once. While no mail can leave, it is tried again at the next call."""
    lasted = Q(ended_at=None) | Q(ended_at__gte=F("began_at") + HICCUP)
    untold = Pause.objects.filter(lasted, told_at=None).first()
    # Of two schedulers that come at once, one tells.
    if untold is None or not Pause.objects.filter(pk=untold.pk, told_at=None).update(told_at=now):
        return False
    told = builder.email_operators("paused", {"pause": untold})
    if settings.OPERATORS and not told:
        Pause.objects.filter(pk=untold.pk).update(told_at=None)
    return told


def tell_of_poison(*, now: dt.datetime) -> bool:
    """Email settings.OPERATORS about an email that killed its process: at the first strike, and when it is given up.

    While no email can leave, it is tried again at the next call.
    """
    untold = Shard.objects.filter(crashes__gt=SUSPECT, first=F("last"), alerted_at=None)
    shard = untold.select_related("edition").first()
    # If two schedulers come at once, one alerts.
    if shard is None or not untold.filter(pk=shard.pk).update(alerted_at=now):
        return False
    told = builder.email_operators("poison", {"shard": shard, "delivery": shard.deliveries.first()})
    if settings.OPERATORS and not told:
        Shard.objects.filter(pk=shard.pk).update(alerted_at=None)
    return told
