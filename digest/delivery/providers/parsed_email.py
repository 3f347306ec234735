"""A composed email, parsed: its headers, text and HTML. Pure."""

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

# Set by the provider, or given to it in fields of their own.
_LEFT_OUT = {"to", "from", "subject", "date", "mime-version", "content-type", "content-transfer-encoding", "reply-to"}
_BOUNDARY = re.compile('boundary="([^"]+)"')


@dataclass(frozen=True, slots=True)
class ParsedEmail:
    """One reader's email. Headers are encoded for transport (RFC 2047); lines of the parts end with CRLF or LF."""

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
        """The headers except sender, recipient, subject and those of MIME, encoded for transport: in ASCII."""
        return {name: value for name, value in self.headers.items() if name.lower() not in _LEFT_OUT}


def parse_mail(mail: Mail) -> ParsedEmail:
    return parse_message(cast(bytes, mail.message))


def parse_message(message: bytes) -> ParsedEmail:
    """Parse an email of ours: multipart/alternative with text and HTML."""
    return _parse_own(message) or _parse_any(message)


@lru_cache(maxsize=4096)
def decoded(value: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) decoded, or unchanged if they can't be decoded."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, HeaderParseError):  # an unknown charset, or bytes that are not valid in it
        return value


@lru_cache(maxsize=64)
def decoded_mailbox(value: str) -> str:
    """Return a mailbox such as that of From, with its name decoded, and quoted if necessary.

    The header is split before the name is decoded, because an encoded comma or quote is not part of its syntax.
    """
    name, address = parseaddr(value)
    return format_sender(decoded(name), address) if address else value


def _parse_own(message: bytes) -> ParsedEmail | None:
    """Parse an email of our own composer: two parts in quoted-printable. Return None for any other."""
    head, _, body = message.partition(b"\r\n\r\n")
    headers = _headers(head.decode("ascii", "replace"))
    match = _BOUNDARY.search(headers.get("Content-Type", ""))
    parts = body.split(b"--" + match[1].encode()) if match else []
    if len(parts) != 4:  # before, between and after the two parts
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
    # Read raw, because Python 3.11 puts a space into a name that takes two encoded words.
    headers = {name: "".join(value.splitlines()) for name, value in read.raw_items()}
    return ParsedEmail(headers, text.get_content() if text else "", html.get_content() if html else "")
