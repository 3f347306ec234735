"""The queue of transactional emails: rows that are sent from here and retried until they are sent.

The table is the queue. A lost task costs a minute, because the next run finds the same rows.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.utils import translation

from subscriptions.email import builder, send_errors
from subscriptions.models import Consent, ErasureNotice, OwedNotice
from subscriptions.notices import texts
from subscriptions.readers import consents, lifecycle, signup_queue

LEASE = dt.timedelta(minutes=5)  # of a worker on a row; also the pause before a retry
LAST_EMAILS = 100  # at once
MAX_AGE = dt.timedelta(hours=24)  # of a retry; after that, the reader can request another email

_NEXT_TRY = f"next try in {LEASE // dt.timedelta(minutes=1)} minutes"
Kind = OwedNotice.Kind
logger = logging.getLogger(__name__)


def send(
    note: texts.Note, headers: Mapping[str, str] = MappingProxyType({}), *, template: str = "note", **context: object
) -> None:
    """Send the email `note` at once, without the queue. A `template` other than its own may show more `context`."""
    subject, text, html = builder.render_email(template, {"note": note, **context})
    builder.build_message(note.to, subject, text, html, {**builder.BY_A_MACHINE, **headers}).send()


def _write_and_send(notice: OwedNotice) -> None:
    send(texts.write(notice))


_SENDERS: dict[Kind, Callable[[OwedNotice], None]] = dict.fromkeys(Kind, _write_and_send)


def register_sender(kind: str, sender: Callable[[OwedNotice], None]) -> None:
    """Use `sender` for notices of this kind. The digest app registers one for emails with papers."""
    _SENDERS[Kind(kind)] = sender


def send_pending(*, now: dt.datetime, seconds: float = 50) -> int:
    """Process form posts, then send the notices that no other worker has claimed. Return the number of emails sent.

    Start none after `seconds`, so that a slow mail server delays the rest to the next run.
    """
    signup_queue.process_pending(now=now)
    sent, elapsed, started = 0, 0.0, time.monotonic()
    for notice in OwedNotice.objects.unclaimed_since(now - LEASE):
        if elapsed > seconds:
            break
        # Each claim has its own time: on a long list, the last lease would otherwise start too early.
        sent += _claim_and_send(notice, now + dt.timedelta(seconds=elapsed))
        elapsed = time.monotonic() - started
    return sent + _send_last_emails(now)


def _claim_and_send(listed: OwedNotice, now: dt.datetime) -> bool:
    # Filter by time too, because the notice may have been canceled or requested again since the list was read.
    claimed = OwedNotice.objects.filter(pk=listed.pk, asked_at=listed.asked_at)
    if not claimed.unclaimed_since(now - LEASE).update(claimed_at=now):
        return False
    notice = claimed.select_related("subscriber").first()
    if notice is None or lifecycle.is_suppressed(notice.address):
        claimed.delete()
        return False
    try:
        with translation.override(notice.subscriber.language):
            _SENDERS[Kind(notice.kind)](notice)
    except Exception as error:
        if not _should_retry(notice, error, now):
            claimed.delete()
        return False  # a retry waits until the lease ends
    claimed.delete()
    if notice.kind == Kind.CONFIRM:
        consents.record(notice.subscriber, Consent.Event.MAILED)
    return True


def _should_retry(notice: OwedNotice, error: Exception, now: dt.datetime) -> bool:
    failure = send_errors.classify(error)
    again = failure.again and now - notice.asked_at < MAX_AGE
    logger.warning(
        "The %s email to reader %s was not sent; %s. %s",
        notice.kind,
        notice.subscriber.uid,
        _NEXT_TRY if again else "given up",
        failure.reason,
    )
    return again


def _send_last_emails(now: dt.datetime) -> int:
    """Send the last emails to erased readers. Return their number. A row lives for MAX_AGE at most."""
    sent = 0
    for notice in ErasureNotice.objects.unclaimed_since(now - LEASE)[:LAST_EMAILS]:
        claimed = ErasureNotice.objects.filter(pk=notice.pk, asked_at=notice.asked_at)
        if not claimed.unclaimed_since(now - LEASE).update(claimed_at=now):
            continue
        try:
            with translation.override(notice.language):
                send(texts.erased(notice.address))
        except Exception as error:
            failure = send_errors.classify(error)
            again = failure.again and now - notice.asked_at < MAX_AGE
            ending = _NEXT_TRY if again else "given up"
            logger.warning("The last email to an erased reader was not sent; %s. %s", ending, failure.reason)
            if again:
                continue
        else:
            sent += 1
        claimed.delete()
    return sent
