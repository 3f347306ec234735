"""Alerts: emails to the operators about a pause, or about an email that crashes its process.

They are here and not in `digest.delivery`, because delivery sends readers' digests only.
"""

import datetime as dt

from django.conf import settings
from django.db.models import F, Q

from digest.email.formatting import long_date
from digest.models import Pause, Shard
from digest.models.deliveries import SUSPECT
from subscriptions.email import builder
from subscriptions.email.builder import Alert

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
    is_sent = builder.alert_operators(_about_pause(pause))
    if settings.OPERATORS and not is_sent:
        Pause.objects.filter(pk=pause.pk).update(told_at=None)
    return is_sent


def email_operators_of_poison_pill(*, now: dt.datetime) -> bool:
    """Email settings.OPERATORS about an email that crashes its process: at the first strike and at the last.

    Return whether it was sent. If no email can be sent at the moment, the next call tries again.
    """
    waiting = Shard.objects.filter(crashes__gt=SUSPECT, first=F("last"), alerted_at=None)
    shard = waiting.select_related("edition").first()
    # If two schedulers come at once, one alerts.
    if shard is None or not waiting.filter(pk=shard.pk).update(alerted_at=now):
        return False
    is_sent = builder.alert_operators(_about_poison_pill(shard))
    if settings.OPERATORS and not is_sent:
        Shard.objects.filter(pk=shard.pk).update(alerted_at=None)
    return is_sent


def _about_pause(pause: Pause) -> Alert:
    if pause.ended_at:
        outlook = f"It resumed by itself at {pause.ended_at:%H:%M} UTC."
    elif pause.probe_at:
        outlook = (
            "One email is tried from time to time, at growing intervals. When it is accepted, sending resumes where it "
            "stopped. In the meantime no digest is lost or marked as failed."
        )
    else:
        outlook = "Sending does not resume by itself. Find the cause, then end the pause in the admin."
    heading = f"Sending was paused at {pause.began_at:%H:%M} UTC on {long_date(pause.began_at)}"
    return Alert("sending is paused", heading, (outlook,), pause.reason, "/admin/digest/pause/")


def _about_poison_pill(shard: Shard) -> Alert:
    day, delivery = long_date(shard.edition.day), shard.deliveries.first()
    if shard.done_at:
        outcome = (
            f"A digest of {day} has failed: {shard.strikes} processes crashed while they built or sent it. Its reader "
            "does not get this edition."
        )
    else:
        outcome = (
            f"A process crashed while it built or sent a digest of {day}. All other digests are sent as usual. This "
            "one is tried again at growing intervals, in a separate process."
        )
    heading = "An email crashes the process that sends it"
    paragraphs = (outcome, "Please check the worker’s log, and report the bug.")
    reason, path = (delivery.reason, f"/admin/digest/delivery/{delivery.pk}/change/") if delivery else ("", "")
    return Alert(f"{heading[0].lower()}{heading[1:]}", heading, paragraphs, reason, path)
