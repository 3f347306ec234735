"""Enhanced status codes of mail servers, such as 5.1.1 (RFC 3463). Pure.

The subject says what a reply is about: 1 the address, 2 the mailbox, 3 and 4 the systems in between, 7 policy.
"""

import re
from typing import NamedTuple

_AT_START = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
_IN_TEXT = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")  # no part of an IP address
_NO_SUCH_ADDRESS = {"1", "2", "3", "10"}  # unknown mailbox, unknown system, bad syntax, a domain without email


class StatusCode(NamedTuple):
    """An enhanced status code, as text: severity ("4" is transient, "5" permanent), subject and detail."""

    severity: str
    subject: str
    detail: str

    @property
    def is_policy(self) -> bool:
        """Return whether the refusal is about us, and not about the reader."""
        return self.subject == "7"

    @property
    def is_unknown_address(self) -> bool:
        """Return whether the recipient's address does not exist."""
        return self.subject == "1" and self.detail in _NO_SUCH_ADDRESS

    @property
    def is_moved_mailbox(self) -> bool:
        """Return whether the mailbox has moved without a forwarding address."""
        return (self.subject, self.detail) == ("1", "6")

    @property
    def is_full_mailbox(self) -> bool:
        return (self.subject, self.detail) == ("2", "2")


def leading_code(reply: str) -> StatusCode | None:
    """Return the enhanced status code that `reply`, the text of an SMTP reply, begins with."""
    found = _AT_START.match(reply)
    return StatusCode(*found.groups()) if found else None


def find_code(text: str) -> StatusCode | None:
    """Return the first enhanced status code of a refusal (4 or 5) anywhere in `text`."""
    found = _IN_TEXT.search(text)
    return StatusCode(*found.groups()) if found else None
