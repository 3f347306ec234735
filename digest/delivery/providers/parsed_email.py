"""A mail as the transports are given it, opened: its headers, text and HTML. Pure."""

import binascii
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parseaddr
from functools import lru_cache
from typing import cast

from digest.delivery.transports import Mail
from subscriptions.email_addresses import format_sender

# Theirs to set, or ours to give in other ways.
_LEFT_OUT = {"to", "from", "subject", "date", "mime-version", "content-type", "content-transfer-encoding", "reply-to"}
_BOUNDARY = re.compile('boundary="([^"]+)"')


@dataclass(frozen=True, slots=True)
class ParsedEmail:
    """One reader's mail. Headers are as they travel, encoded words and all; lines of the parts end on CRLF or LF."""

    headers: dict[str, str]
    text: str
    html: str

    @property
    def subject(self) -> str:
        return decoded(self.headers.get("Subject", ""))

    @property
    def sender(self) -> str:
        """The sender, with the name in Unicode."""
        return decoded_mailbox(self.headers.get("From", ""))

    @property
    def reply_to(self) -> str:
        return decoded_mailbox(self.headers.get("Reply-To", ""))

    @property
    def own_headers(self) -> dict[str, str]:
        """The headers beside sender, recipient, subject and those of MIME, as they travel: in ASCII."""
        return {name: value for name, value in self.headers.items() if name.lower() not in _LEFT_OUT}


def parse_mail(mail: Mail) -> ParsedEmail:
    return parse_message(cast(bytes, mail.message))


def parse_message(message: bytes) -> ParsedEmail:
    """Open a mail of ours: multipart/alternative with text and HTML."""
    return _parse_own(message) or _parse_any(message)


@lru_cache(maxsize=4096)
def decoded(value: str) -> str:
    """Return a header's value without encoded words (RFC 2047), or as it is where they can't be read."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, HeaderParseError):  # no such charset, or not in it
        return value


@lru_cache(maxsize=64)
def decoded_mailbox(value: str) -> str:
    """Return a name with an address, such as From has, without encoded words; the name is quoted where it must be.

    The header is split before the name is decoded: what is encoded in a name means nothing to the header's syntax.
    """
    name, address = parseaddr(value)
    return format_sender(decoded(name), address) if address else value


def _parse_own(message: bytes) -> ParsedEmail | None:
    """As our own composition writes it: two parts in quoted-printable. None for anything else."""
    head, _, body = message.partition(b"\r\n\r\n")
    headers = _headers(head.decode("ascii", "replace"))
    found = _BOUNDARY.search(headers.get("Content-Type", ""))
    parts = body.split(b"--" + found[1].encode()) if found else []
    if len(parts) != 4:  # what is before, between and after them
        return None
    text, html = _part(parts[1], b"text/plain"), _part(parts[2], b"text/html")
    return None if text is None or html is None else ParsedEmail(headers, text, html)


def _headers(head: str) -> dict[str, str]:
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _part(part: bytes, kind: bytes) -> str | None:
    head, _, body = part.partition(b"\r\n\r\n")
    if kind not in head or b"quoted-printable" not in head:
        return None
    return binascii.a2b_qp(body.removesuffix(b"\r\n")).decode()


def _parse_any(message: bytes) -> ParsedEmail:
    read = message_from_bytes(message, policy=policy.default)
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    # As they travel: Python 3.11 puts a space into a name that takes two encoded words.
    headers = {name: "".join(value.splitlines()) for name, value in read.raw_items()}
    return ParsedEmail(headers, text.get_content() if text else "", html.get_content() if html else "")
