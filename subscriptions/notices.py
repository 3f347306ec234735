"""Small mails that a reader is owed: noted in the reader's row, sent from here, tried again until they left.

The row is the queue. A lost task costs a minute, since the next tick finds what is still owed.
"""

import datetime as dt
import logging
import time

from subscriptions import failures, mail
from subscriptions.models import Subscriber

LEASE = dt.timedelta(minutes=5)
WORTH_TRYING = dt.timedelta(hours=24)  # after that the reader may ask for another

_SENDERS = {
    Subscriber.Notice.CONFIRM: mail.send_confirmation,
    Subscriber.Notice.ALREADY_SUBSCRIBED: mail.send_already_subscribed,
}
logger = logging.getLogger(__name__)


def send_owed(*, now: dt.datetime) -> int:
    """Send every small mail that nobody else is sending right now; how many went out."""
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
        _SENDERS[Subscriber.Notice(subscriber.owed_notice)](subscriber)
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
    return True
