"""Small mails that a reader is owed: noted in rows, sent from here, tried again until they left.

The table is the queue. A lost task costs a minute, since the next tick finds what is still owed.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.utils import translation

from subscriptions.email import builder, send_errors
from subscriptions.models import Consent, OwedNotice
from subscriptions.notices import texts
from subscriptions.readers import consents, lifecycle, signup_queue

LEASE = dt.timedelta(minutes=5)
WORTH_TRYING = dt.timedelta(hours=24)  # after that the reader may ask for another

Kind = OwedNotice.Kind
logger = logging.getLogger(__name__)


def send(note: texts.Note, headers: Mapping[str, str] = MappingProxyType({})) -> None:
    """Send the small email `note` at once."""
    subject, text, html = builder.render_email("note", {"note": note})
    builder.build_message(note.to, subject, text, html, {**builder.BY_A_MACHINE, **headers}).send()


def _write_and_send(notice: OwedNotice) -> None:
    send(texts.write(notice))


_SENDERS: dict[Kind, Callable[[OwedNotice], None]] = dict.fromkeys(Kind, _write_and_send)


def register_sender(kind: str, sender: Callable[[OwedNotice], None]) -> None:
    """Have `sender` send the mails of this kind: for who knows more of papers than this app may."""
    _SENDERS[Kind(kind)] = sender


def send_pending(*, now: dt.datetime, seconds: float = 50) -> int:
    """Do what came in by forms, and send the small mails that nobody else is sending right now; how many went out.

    Behind a server that is slow, what was not begun after so many seconds waits for the next tick.
    """
    signup_queue.process_pending(now=now)
    sent, passed, began = 0, 0.0, time.monotonic()
    for notice in OwedNotice.objects.unclaimed_since(now - LEASE):
        if passed > seconds:
            break
        # Each claim at its own moment: the list may be long, and the last claim must not be old at birth.
        sent += _claim_and_send(notice, now + dt.timedelta(seconds=passed))
        passed = time.monotonic() - began
    return sent


def _claim_and_send(listed: OwedNotice, now: dt.datetime) -> bool:
    # This very notice: since the list was read it may have been taken back, or asked for anew.
    mine = OwedNotice.objects.filter(pk=listed.pk, asked_at=listed.asked_at)
    if not mine.unclaimed_since(now - LEASE).update(claimed_at=now):
        return False
    notice = mine.select_related("subscriber").first()
    if notice is None or lifecycle.is_suppressed(notice.address):
        mine.delete()
        return False
    try:
        with translation.override(notice.subscriber.language):
            _SENDERS[Kind(notice.kind)](notice)
    except Exception as error:
        if not _should_retry(notice, error, now):
            mine.delete()
        return False  # else left claimed: the lease is the pause before the next try
    mine.delete()
    if notice.kind == Kind.CONFIRM:
        consents.record(notice.subscriber, Consent.Event.MAILED)
    return True


def _should_retry(notice: OwedNotice, error: Exception, now: dt.datetime) -> bool:
    verdict = send_errors.classify(error)
    again = verdict.again and now - notice.asked_at < WORTH_TRYING
    logger.warning(
        "The %s mail to reader %s was not sent; %s. %s",
        notice.kind,
        notice.subscriber.uid,
        "next try in 5 minutes" if again else "given up",
        verdict.reason,
    )
    return again


def send_erasure_notice(address: str, language: str) -> None:
    """Tell who was erased that it is done. Nothing of them is kept to try it by again."""
    try:
        with translation.override(language):
            send(texts.erased(address))
    except Exception as error:
        reason = send_errors.classify(error).reason
        logger.warning("The last mail to an erased reader was not sent, and is not tried again. %s", reason)
