"""The default email backend: it writes each email to an `.eml` file in the outbox folder and sends nothing."""

import datetime as dt
import glob
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """A backend that writes to settings.OUTBOX_DIR. It raises OSError if that fails, unless `fail_silently` is set."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        folder = Path(settings.OUTBOX_DIR)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f".{secrets.token_hex(8)}"
            draft.write_bytes(message.message().as_bytes())
            # Rename the complete file, so that no one sees half an email.
            draft.rename(folder / _file_name(message))
        except OSError as error:
            if not self.fail_silently:
                raise OSError(f"The outbox {folder} can't be written to: {error.strerror or error}") from error


def is_in_use() -> bool:
    """Return whether emails are only written to files, so that no one receives them and no events follow."""
    return f"{__name__}.EmailBackend" == settings.EMAIL_BACKEND and not settings.EMAIL_PROVIDERS


def delete_emails_to(address: str) -> int:
    """Delete the emails to `address`. Return their number."""
    emails = list(Path(settings.OUTBOX_DIR).glob(f"*-{glob.escape(_recipient(address))}-*.eml"))
    for path in emails:
        path.unlink(missing_ok=True)
    return len(emails)


def _file_name(message: EmailMessage) -> str:
    now = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")
    return f"{now}-{_recipient(','.join(message.to))}-{secrets.token_hex(2)}.eml"


def _recipient(addresses: str) -> str:
    return re.sub(r"[^A-Za-z0-9@.+-]", "_", addresses)[:80]
