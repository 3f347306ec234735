"""What a failed hand-over means: try again, or give up on this mail. Pure.

The reader is only ever at fault when the server refuses the address itself, for good. Everything else is
between the provider and us, and is tried again.
"""

import re
import smtplib
from dataclasses import dataclass

from anymail.exceptions import (
    AnymailAPIError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailUnsupportedFeature,
)

from subscriptions.email.status_codes import leading_code

_ADDRESS = re.compile(r"[^\s<>\"']+@[^\s<>\"']+")


@dataclass(frozen=True)
class SendFailure:
    """`again`: whether another try may succeed. `reason` is for the operator, and holds no address."""

    again: bool
    reason: str


class RefusedError(Exception):
    """The provider took the call and refused this recipient (it raises nothing of its own then)."""


class NoPostalAddressError(Exception):
    """Digests may not leave, until the operator says who sends them from where."""

    def __init__(self) -> None:
        super().__init__(
            "No digest is sent without a postal address: many countries require one. Set POSTAL_ADDRESS, or write it "
            "into the brand in the admin, then try these again. REQUIRE_POSTAL_ADDRESS=false sends without one."
        )


def unmade(error: Exception) -> str:
    """Return why an email can't be made, and what the operator can do."""
    said = without_addresses(f"{type(error).__name__}: {error}")
    return (
        f"The email can't be made: {said[:200]}. If this happens to all, look at the newsletter's name and sender "
        "(Brand in the admin, FROM_EMAIL); if they are right, please report it."
    )


def classify(error: Exception) -> SendFailure:
    verdict = _judge(error)
    return SendFailure(verdict.again, without_addresses(verdict.reason))


def without_addresses(said: str) -> str:
    """Servers like to repeat the address that they refuse; it is not for logs."""
    return _ADDRESS.sub("<address>", said)


def _judge(error: Exception) -> SendFailure:
    match error:
        case NoPostalAddressError():
            return SendFailure(True, str(error))
        case smtplib.SMTPRecipientsRefused():
            code, answer = next(iter(error.recipients.values()), (550, b""))
            return SendFailure(_is_transient(code, answer), f"The server refused the recipient: {code} {_text(answer)}")
        case smtplib.SMTPDataError():
            again = _is_transient(error.smtp_code, error.smtp_error)
            return SendFailure(again, f"The server refused the mail: {error.smtp_code} {_text(error.smtp_error)}")
        case smtplib.SMTPResponseException():  # the greeting, our login, our sender: the next reader would fare alike
            return SendFailure(True, f"The server refused us: {error.smtp_code} {_text(error.smtp_error)}")
        case smtplib.SMTPException() | OSError() if not isinstance(error, AnymailAPIError):
            return SendFailure(True, f"The connection failed: {str(error) or type(error).__name__}")
        case RefusedError() | AnymailRecipientsRefused() | AnymailInvalidAddress():
            return SendFailure(False, f"The provider refused the recipient: {type(error).__name__}")
        case AnymailUnsupportedFeature():
            return SendFailure(False, f"The provider does not support what we send: {error}")
        case AnymailAPIError():
            status = getattr(error, "status_code", None)
            return SendFailure(status not in (400, 404, 413, 422), f"The provider answered {status or 'nothing'}")
    return SendFailure(True, f"Internal error, please report: {type(error).__name__}: {error}")


def _is_transient(code: int, answer: bytes | str) -> bool:
    """Not a refusal for good, or one by policy (RFC 3463: x.7.x): that is about us, and not about the reader."""
    enhanced = leading_code(_text(answer))
    return code < 500 or (enhanced is not None and enhanced.severity == "5" and enhanced.is_policy)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
