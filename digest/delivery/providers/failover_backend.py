"""A Django mail backend for confirmations and other single emails, with failover between providers."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from digest.delivery.providers import failover, responses
from digest.delivery.providers.capabilities import backend_of
from digest.delivery.providers.responses import CallAction
from subscriptions.email.send_errors import classify


class RefusesAllError(Exception):
    """A provider refuses all our emails, for the reason `failure`."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(str(failure))
        self.failure = failure


class FailoverEmailBackend(BaseEmailBackend):
    """A backend that sends each email through the first of EMAIL_PROVIDERS that does not refuse everything.

    It raises the error of the last provider that it tried. An email that a provider may have accepted goes to no other:
    the caller tries again later.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(self._send(message) for message in email_messages)

    def _send(self, message: EmailMessage) -> int:
        failure: Exception | None = None
        for name in failover.providers_to_try(settings.EMAIL_PROVIDERS):
            try:
                return _send_by(message, name)
            except RefusesAllError as error:
                failure = error.failure
                failover.avoid_temporarily(name, classify(failure).reason, settings.EMAIL_PROVIDERS)
        if failure and not self.fail_silently:
            raise failure
        return 0


def _send_by(message: EmailMessage, name: str) -> int:
    """Send one email. Raise RefusesAllError if the provider refuses everything, and other errors as they come."""
    connection = get_connection(backend_of(name))
    try:
        connection.open()
    except Exception as error:
        raise RefusesAllError(error) from error
    try:
        return connection.send_messages([message]) or 0
    except Exception as error:
        if responses.classify_error(error).action is CallAction.CLOSED:
            raise RefusesAllError(error) from error
        raise
    finally:
        connection.close()
