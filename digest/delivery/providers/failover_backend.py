"""A mail backend of Django's for the small mails, where several providers can hand them over."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from digest.delivery.providers import failover, responses
from digest.delivery.providers.capabilities import backend_of
from digest.delivery.providers.responses import CallAction
from subscriptions.email.send_errors import classify


class RefusesAllError(Exception):
    """A provider takes nothing of ours; `failure` says why."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(str(failure))
        self.failure = failure


class FailoverEmailBackend(BaseEmailBackend):
    """Each mail by the first of EMAIL_PROVIDERS that has not just refused everything; if it does now, by the next.

    Raises what the last of them raised. What one may have taken goes to no other: whoever sends tries again.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._send(message) for message in email_messages)

    def _send(self, message: EmailMessage) -> int:
        failure: Exception | None = None
        for name in failover.in_turn(settings.EMAIL_PROVIDERS):
            try:
                return _hand_over(message, name)
            except RefusesAllError as error:
                failure = error.failure
                failover.avoid_for_a_while(name, classify(failure).reason, settings.EMAIL_PROVIDERS)
        if failure and not self.fail_silently:
            raise failure
        return 0


def _hand_over(message: EmailMessage, name: str) -> int:
    """Raises RefusesAllError, or what became of this mail."""
    connection = get_connection(backend_of(name))
    try:
        connection.open()
    except Exception as error:
        raise RefusesAllError(error) from error
    try:
        return connection.send_messages([message]) or 0
    except Exception as error:
        if responses.classify_error(error).fate is CallAction.CLOSED:
            raise RefusesAllError(error) from error
        raise
    finally:
        connection.close()
