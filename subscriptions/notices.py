"""Small mails that a reader is owed: noted in the reader's row, sent from here, tried again until they left.

The row is the queue. A lost task costs a minute, since the next tick finds what is still owed.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable

from django.utils import translation

from subscriptions import consents, failures, mail, sign_ups
from subscriptions.models import Consent, Subscriber

LEASE = dt.timedelta(minutes=5)
WORTH_TRYING = dt.timedelta(hours=24)  # after that the reader may ask for another

Notice = Subscriber.Notice
_SENDERS: dict[Notice, Callable[[Subscriber], None]] = dict.fromkeys(Notice, mail.send_note)
logger = logging.getLogger(__name__)


def send_by(notice: str, sender: Callable[[Subscriber], None]) -> None:
    """Have `sender` send the mails of this kind: for who knows more of papers than this app may."""
    _SENDERS[Notice(notice)] = sender


def send_owed(*, now: dt.datetime) -> int:
    """Do what came in by forms, and send every small mail that nobody else is sending right now; how many went out."""
    sign_ups.take_in(now=now)
    owed = Subscriber.objects.owed_a_notice(unclaimed_since=now - LEASE)
    began = time.monotonic()
    # Each claim at its own moment: the list may be long, and the last claim must not be old at birth.
    return sum(_claim_and_send(reader, now + dt.timedelta(seconds=time.monotonic() - began)) for reader in owed)


def _claim_and_send(subscriber: Subscriber, now: dt.datetime) -> bool:
    # This very notice: since the list was read the reader may have confirmed, or left.
    mine = Subscriber.objects.filter(pk=subscriber.pk, owed_notice=subscriber.owed_notice)
    if not mine.owed_a_notice(unclaimed_since=now - LEASE).update(notice_claimed_at=now):
        return False
    try:
        with translation.override(subscriber.language):
            _SENDERS[Notice(subscriber.owed_notice)](subscriber)
    except Exception as error:
        verdict = failures.classify(error)
        again = verdict.again and (
            subscriber.notice_asked_at is None or now - subscriber.notice_asked_at < WORTH_TRYING
        )
        logger.warning(
            "The %s mail to reader %s was not sent; %s. %s",
            subscriber.owed_notice,
            subscriber.uid,
            "next try in 5 minutes" if again else "given up",
            verdict.reason,
        )
        if not again:
            mine.update(owed_notice="", notice_claimed_at=None)
        return False  # else left claimed: the lease is the pause before the next try
    mine.update(owed_notice="", notice_claimed_at=None)
    _note_down(subscriber)
    return True


def _note_down(sent_to: Subscriber) -> None:
    """What follows from a mail that has left."""
    if sent_to.owed_notice == Notice.CONFIRM:
        consents.record(sent_to, Consent.Event.MAILED)
    elif sent_to.owed_notice == Notice.MOVED:
        # Told once, and then forgotten.
        Subscriber.objects.filter(pk=sent_to.pk, former_email=sent_to.former_email).update(former_email="")
