"""Any mail backend of Django's, one mail at a time: the outbox folder, the console, django-anymail's providers."""

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

TROUBLES_IN_A_ROW = 5  # then it is not for the single mail that it is refused


class BackendTransport:
    """Hands over `EmailMessage`s by a backend's kept connection."""

    name = "backend"
    raw = False

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._troubles = 0  # in a row

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
            self.close()  # after an error a connection may be out of step; the next mail gets a fresh one
            verdict = send_errors.classify(error)
            return Outcome(mail.delivery_id, self._assess(verdict.again), verdict.reason)
        self._troubles = 0
        return Outcome(mail.delivery_id, Result.SENT, provider_id=provider_id, papers=mail.papers)

    def _assess(self, may_pass: bool) -> Result:
        self._troubles = self._troubles + 1 if may_pass else 0
        if not may_pass:
            return Result.FAILED
        return Result.STOPPED if self._troubles >= TROUBLES_IN_A_ROW else Result.LATER

    def _hand_over(self, message: EmailMessage) -> str:
        """Give the message to the mail backend; the provider's id for it, where there is one."""
        if self._connection is None:
            self._connection = get_connection()
            self._connection.open()
        message.connection = self._connection
        message.send()
        status = getattr(message, "anymail_status", None)
        # A provider may take the call and refuse the reader; django-anymail raises nothing then.
        if status is not None and status.status and not status.status <= {"queued", "sent"}:
            raise send_errors.RefusedError
        message_id = getattr(status, "message_id", None)
        return "" if message_id is None else str(message_id)
