"""An email backend that crashes its process at one address, as a bug in a native library would."""

import os
import signal
from collections.abc import Sequence

from django.core.mail import EmailMessage

from subscriptions.outbox import EmailBackend as Outbox

ADDRESS = "deadly@example.org"


class EmailBackend(Outbox):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if any(ADDRESS in message.to for message in email_messages):
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().send_messages(email_messages)
