"""Signed tokens in links: each is for one reader and one purpose.

A token names the reader by `uid`, never by address. It is the base64url of a payload followed by 16 bytes of its
HMAC-SHA256, with a separate key for each purpose. A 128-bit MAC is infeasible to forge, and the token fits on one line
of an email. Links in digests do not expire, because people keep emails; confirmation links do. To rotate keys, put the
old one into SECRET_KEY_FALLBACKS.

Tokens that open or change a reader's own data carry the generation of the reader's links, and work only while it is the
reader's current one. So a reader can revoke all older links. Generation 0 is left out of the token: links issued before
generations existed still work, until the reader revokes them. These purposes have no generation:

- UNSUBSCRIBE, because unsubscribing must work from any old email, and RESUBSCRIBE, which its page links to;
- DIGEST, which shows papers and no personal data, and is meant to be shared;
- CHANGE_ADDRESS, which is for one new address: revoking links cancels that change.
"""

import base64
import datetime as dt
import hashlib
import hmac
import time
import uuid
from binascii import Error as NotBase64Error
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from django.conf import settings
from django.urls import reverse

from subscriptions.models import Subscriber

CONFIRMATION_DAYS = 7
CONFIRMATION_LIFETIME = dt.timedelta(days=CONFIRMATION_DAYS)
TIME_TO_RESUBSCRIBE = dt.timedelta(days=30)  # after that, a reader who left must sign up again
MAX_TOKEN_LENGTH = 70  # characters: fits a line of quoted-printable (76) with something before and after it
GROUP = 24  # characters
MAC_LENGTH = 16  # bytes
EXPIRY_LENGTH = 5  # bytes: seconds since 1970
UID_LENGTH = 16  # bytes
ABOUT_LENGTH = 8  # bytes, or none
GENERATION_LENGTH = 4  # bytes, or none


class Purpose(StrEnum):
    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    SETTINGS = "settings"  # what PREFERENCES opens, for a day: signed-in readers get these links, never emails
    UNSUBSCRIBE = "unsubscribe"
    DIGEST = "digest"  # the digest of one edition in the browser; readers share such links
    OPINION = "opinion"  # the reader's feedback on the papers in that digest
    FEED = "feed"
    CHANGE_ADDRESS = "change_address"
    RESUBSCRIBE = "come_back"
    DATA = "data"  # the export of the reader's data
    SIGN_IN = "sign_in"  # keeps the reader signed in on the device that opens it


REVOCABLE = frozenset(
    {
        Purpose.CONFIRM,
        Purpose.PREFERENCES,
        Purpose.SETTINGS,
        Purpose.OPINION,
        Purpose.FEED,
        Purpose.DATA,
        Purpose.SIGN_IN,
    }
)

# A token with a lifetime has its expiry before the uid. Don't add a lifetime for tokens in digests: they have to begin
# with the uid and must not change with time. `digest.email.batch` (template_parts, assembler) replaces placeholders
# with each reader's tokens, and `digest.delivery.providers.merge_variables` finds these by how they begin.
# bad_link.html, sign_in_sent.html, preferences.html and `subscriptions.notices.texts` name some lifetimes in words.
LIFETIMES = {
    Purpose.CONFIRM: CONFIRMATION_LIFETIME,
    Purpose.CHANGE_ADDRESS: CONFIRMATION_LIFETIME,
    Purpose.RESUBSCRIBE: TIME_TO_RESUBSCRIBE,
    Purpose.DATA: dt.timedelta(days=1),
    Purpose.SETTINGS: dt.timedelta(days=1),
    Purpose.SIGN_IN: dt.timedelta(hours=1),
}

# The views of purposes that differ from `subscriptions:<purpose>`.
VIEWS = {
    Purpose.SETTINGS: "subscriptions:preferences",
    Purpose.DIGEST: "digest:digest",
    Purpose.OPINION: "digest:digest",  # the paper is added to the path
    Purpose.FEED: "digest:personal_feed",
}


@dataclass(frozen=True, slots=True)
class Link:
    """The content of a genuine token."""

    purpose: Purpose
    uid: uuid.UUID
    about: bytes
    generation: int

    def is_current(self, subscriber: Subscriber) -> bool:
        """Return False if the reader has revoked the links of this generation."""
        return self.purpose not in REVOCABLE or self.generation == subscriber.link_generation


class ForgedLinkError(Exception):
    """The token was not made here, was damaged, or is for another purpose."""


class ExpiredLinkError(Exception):
    """The token is genuine and has expired."""


def sign(purpose: Purpose, payload: bytes) -> str:
    """Return a token with `payload` for one purpose. Raise ValueError if it is longer than MAX_TOKEN_LENGTH."""
    if purpose in LIFETIMES:
        expires = int(time.time() + LIFETIMES[purpose].total_seconds())
        payload = expires.to_bytes(EXPIRY_LENGTH) + payload
    token = _seal(settings.SECRET_KEY, purpose, payload)
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"A token of {len(payload)} bytes for “{purpose}” does not fit on one line of an email.")
    return token


def unsign(purpose: Purpose, token: str) -> bytes:
    """Return the token's payload. Raise ForgedLinkError or ExpiredLinkError."""
    payload = _open(purpose, token)
    if purpose not in LIFETIMES:
        return payload
    if int.from_bytes(payload[:EXPIRY_LENGTH]) < time.time():
        raise ExpiredLinkError(purpose)
    return payload[EXPIRY_LENGTH:]


def make_token(purpose: Purpose, subscriber: Subscriber, about: bytes = b"") -> str:
    """Return a token for the reader, with `about` as additional content."""
    generation = written_generation(subscriber.link_generation) if purpose in REVOCABLE else b""
    return sign(purpose, subscriber.uid.bytes + about + generation)


def written_generation(generation: int) -> bytes:
    """Return the generation of a reader's links as the bytes that end tokens of REVOCABLE purposes."""
    return generation.to_bytes(GENERATION_LENGTH) if generation else b""


def read(purpose: Purpose, token: str) -> Link:
    """Return the content of the token. Raise ForgedLinkError or ExpiredLinkError."""
    try:
        payload = unsign(purpose, token)
    except ForgedLinkError:
        if purpose != Purpose.PREFERENCES:
            raise
        payload = unsign(Purpose.SETTINGS, token)
    if len(payload) < UID_LENGTH:
        raise ForgedLinkError(purpose)
    uid, about, generation = uuid.UUID(bytes=payload[:UID_LENGTH]), payload[UID_LENGTH:], 0
    if purpose in REVOCABLE and len(about) % ABOUT_LENGTH == GENERATION_LENGTH:
        about, generation = about[:-GENERATION_LENGTH], int.from_bytes(about[-GENERATION_LENGTH:])
    return Link(purpose, uid, about, generation)


def read_token(purpose: Purpose, token: str) -> uuid.UUID:
    """Return the reader's `uid`. Raise ForgedLinkError or ExpiredLinkError."""
    return read(purpose, token).uid


def uid_of_expired(purpose: Purpose, token: str) -> uuid.UUID:
    """Return the reader's `uid`, even if the token has expired. Raise ForgedLinkError.

    Such a token must change nothing: it is only for an email to the reader's own address.
    """
    payload = _open(purpose, token)[EXPIRY_LENGTH:]
    if len(payload) < UID_LENGTH:
        raise ForgedLinkError(purpose)
    return uuid.UUID(bytes=payload[:UID_LENGTH])


def read_about(purpose: Purpose, token: str) -> bytes:
    """Return the token's additional content. Raise ForgedLinkError or ExpiredLinkError."""
    return read(purpose, token).about


def make_url(purpose: Purpose, subscriber: Subscriber, about: bytes = b"") -> str:
    """Return the absolute URL for an email."""
    view = VIEWS.get(purpose, f"subscriptions:{purpose}")
    return f"{settings.SITE_URL}{reverse(view, args=[make_token(purpose, subscriber, about)])}"


def _open(purpose: Purpose, token: str) -> bytes:
    if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        raise ForgedLinkError(purpose)
    try:
        text = _without_groups(token)
        payload = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-MAC_LENGTH]
    except NotBase64Error as error:
        raise ForgedLinkError(purpose) from error
    # Compare whole tokens, not signatures: base64 has several encodings of the same bytes, and only one is valid.
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(_seal(secret, purpose, payload), token):
            return payload
    raise ForgedLinkError(purpose)


def _seal(secret: str, purpose: Purpose, payload: bytes) -> str:
    mac = _mac(secret, purpose).copy()
    mac.update(payload)
    return _in_groups(base64.urlsafe_b64encode(payload + mac.digest()[:MAC_LENGTH]).rstrip(b"=").decode())


def _in_groups(text: str) -> str:
    """Return `text` with a 0 after every GROUP characters.

    SpamAssassin mistakes 30 letters and digits that begin with 1 or 3 for a Bitcoin address, unless they contain a 0.
    """
    return "0".join([text[at : at + GROUP] for at in range(0, len(text), GROUP)])


def _without_groups(token: str) -> str:
    return "".join(token[at : at + GROUP] for at in range(0, len(token), GROUP + 1))


@lru_cache(maxsize=64)
def _mac(secret: str, purpose: Purpose) -> hmac.HMAC:
    """Return an HMAC with the purpose's key. Each token uses a copy, which is faster than a new HMAC."""
    key = hmac.digest(secret.encode(), f"subscriptions.links.{purpose}".encode(), hashlib.sha256)
    return hmac.new(key, digestmod=hashlib.sha256)
