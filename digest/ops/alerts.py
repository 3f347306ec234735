"""Alerts: emails to the operators about a pause, or about an email that kills its process.

They are here and not in `digest.delivery`, because delivery sends readers' digests only.
"""

import datetime as dt

from django.conf import settings
from django.db.models import F, Q

from digest.models import Pause, Shard
from digest.models.deliveries import SUSPECT
from subscriptions.email import builder

SHORT_PAUSE = dt.timedelta(minutes=5)  # a pause that has ended sooner needs no alert


def email_operators_of_pause(*, now: dt.datetime) -> bool:
    """Email settings.OPERATORS about a pause, once. Return whether it was sent.

    If no email can be sent at the moment, the next call tries again.
    """
    is_long = Q(ended_at=None) | Q(ended_at__gte=F("began_at") + SHORT_PAUSE)
    pause = Pause.objects.filter(is_long, told_at=None).first()
    # If two schedulers come at once, one alerts.
    if pause is None or not Pause.objects.filter(pk=pause.pk, told_at=None).update(told_at=now):
        return False
    is_sent = builder.email_operators("paused", {"pause": pause})
    if settings.OPERATORS and not is_sent:
        Pause.objects.filter(pk=pause.pk).update(told_at=None)
    return is_sent


def email_operators_of_poison_pill(*, now: dt.datetime) -> bool:
    """Email settings.OPERATORS about an email that kills its process: at the first strike and at the last.

    Return whether it was sent. If no email can be sent at the moment, the next call tries again.
    """
    waiting = Shard.objects.filter(crashes__gt=SUSPECT, first=F("last"), alerted_at=None)
    shard = waiting.select_related("edition").first()
    # If two schedulers come at once, one alerts.
    if shard is None or not waiting.filter(pk=shard.pk).update(alerted_at=now):
        return False
    is_sent = builder.email_operators("poison", {"shard": shard, "delivery": shard.deliveries.first()})
    if settings.OPERATORS and not is_sent:
        Shard.objects.filter(pk=shard.pk).update(alerted_at=None)
    return is_sent
