"""The classification of errors when sending an email: retry, or give up. Pure.

Only a permanent refusal of the address is the reader's problem. Other errors are between the provider and us, and are
retried.
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
    """A failed attempt: whether to try it `again`, and the reason for operators, without any address."""

    again: bool
    reason: str


class RefusedError(Exception):
    """The provider accepted the call and refused this recipient; anymail raises no exception then."""


class NoPostalAddressError(Exception):
    """Digests can't be sent before the operator sets a postal address."""

    def __init__(self) -> None:
        super().__init__(
            "No digest is sent without a postal address: many countries require one. Set POSTAL_ADDRESS, or write it "
            "into the brand in the admin, then try these again. REQUIRE_POSTAL_ADDRESS=false sends without one."
        )


def unmade(error: Exception) -> str:
    """Return why an email can't be made, and what the operator can do."""
    reason = without_addresses(f"{type(error).__name__}: {error}")
    return (
        f"The email can't be made: {reason[:200]}. If this happens to all emails, check the newsletter's name and "
        "sender (Brand in the admin, FROM_EMAIL). If these are right, please report it."
    )


def classify(error: Exception) -> SendFailure:
    """Return whether to retry after `error`, and its reason without addresses."""
    failure = _classify(error)
    return SendFailure(failure.again, without_addresses(failure.reason))


def without_addresses(text: str) -> str:
    """Replace email addresses in `text`: servers repeat the refused address, and logs must not contain it."""
    return _ADDRESS.sub("<address>", text)


def _classify(error: Exception) -> SendFailure:
    match error:
        case NoPostalAddressError():
            return SendFailure(True, str(error))
        case smtplib.SMTPRecipientsRefused():
            code, answer = next(iter(error.recipients.values()), (550, b""))
            return SendFailure(_is_transient(code, answer), f"The server refused the recipient: {code} {_text(answer)}")
        case smtplib.SMTPDataError():
            again = _is_transient(error.smtp_code, error.smtp_error)
            return SendFailure(again, f"The server refused the email: {error.smtp_code} {_text(error.smtp_error)}")
        case smtplib.SMTPResponseException():  # at the greeting, login or sender: not about this reader
            return SendFailure(True, f"The server refused us: {error.smtp_code} {_text(error.smtp_error)}")
        case smtplib.SMTPException() | OSError() if not isinstance(error, AnymailAPIError):
            return SendFailure(True, f"The connection failed: {str(error) or type(error).__name__}")
        case RefusedError() | AnymailRecipientsRefused() | AnymailInvalidAddress():
            return SendFailure(False, f"The provider refused the recipient: {type(error).__name__}")
        case AnymailUnsupportedFeature():
            return SendFailure(False, f"The provider does not support a feature of the email: {error}")
        case AnymailAPIError():
            status = getattr(error, "status_code", None)
            return SendFailure(status not in (400, 404, 413, 422), f"The provider answered {status or 'nothing'}")
    return SendFailure(True, f"Internal error, please report: {type(error).__name__}: {error}")


def _is_transient(code: int, answer: bytes | str) -> bool:
    """Return whether a refusal is temporary or by policy (RFC 3463, x.7.x), which is about us and not the reader."""
    enhanced = leading_code(_text(answer))
    return code < 500 or (enhanced is not None and enhanced.severity == "5" and enhanced.is_policy)


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
