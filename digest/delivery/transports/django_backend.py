"""A transport over any Django mail backend, one email at a time: the outbox folder, the console, django-anymail."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from digest.delivery.transports import HEARTBEAT, BeginCallback, Mail, begin_all
from digest.delivery.transports.outcomes import Outcome, Result
from subscriptions.email import send_errors

logger = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 5  # then the emails are not to blame


class BackendTransport:
    """A transport that sends `EmailMessage`s over one open connection of a mail backend."""

    name = "backend"
    raw = False

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._failures = 0  # in a row

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        for mail in mails:
            if mail is None:
                time.sleep(HEARTBEAT)
                yield ()
                continue
            for wanted in begin([mail]):
                outcome = self._send_one(wanted)
                yield (outcome,)
                if outcome.result is Result.STOPPED:
                    return

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except Exception:
                logger.debug("The mail connection did not close cleanly", exc_info=True)
            self._connection = None

    def _send_one(self, mail: Mail) -> Outcome:
        try:
            provider_id = self._hand_over(cast(EmailMessage, mail.message))
        except Exception as error:
            self.close()  # after an error a connection may be out of step, so the next email gets a new one
            failure = send_errors.classify(error)
            return Outcome(mail.delivery_id, self._assess(failure.again), failure.reason)
        self._failures = 0
        return Outcome(mail.delivery_id, Result.SENT, provider_id=provider_id, papers=mail.papers)

    def _assess(self, may_pass: bool) -> Result:
        self._failures = self._failures + 1 if may_pass else 0
        if not may_pass:
            return Result.FAILED
        return Result.STOPPED if self._failures >= FAILURES_IN_A_ROW else Result.RETRY_LATER

    def _hand_over(self, message: EmailMessage) -> str:
        """Send the message through the mail backend. Return the provider's id of it, or "" if there is none."""
        if self._connection is None:
            self._connection = get_connection()
            self._connection.open()
        message.connection = self._connection
        message.send()
        status = getattr(message, "anymail_status", None)
        # django-anymail raises no error if a provider accepts the call and refuses the reader.
        if status is not None and status.status and not status.status <= {"queued", "sent"}:
            raise send_errors.RefusedError
        message_id = getattr(status, "message_id", None)
        return "" if message_id is None else str(message_id)
