"""Signed links: each opens one door for one reader, and no door for anyone else.

A token names the reader by `uid`, never by address. It is the base64url of what it says and of 16 bytes of an
HMAC-SHA256 over that, under a key of its own for each purpose: nobody forges 128 bits, and it stays short enough for
one line of a mail. Links in digests do not expire, since mails are kept; what asks for a confirmation does. Rotating
keys: put the old one into SECRET_KEY_FALLBACKS.

Tokens that open or change a reader's own things carry the generation of the reader's links, and work while the reader
is of that generation: a reader can sign all older links out. The first generation is written as nothing, so links
made before there were generations are of the first. Without a generation are

- UNSUBSCRIBE, since leaving must work from any email, however old, and COME_BACK, which its page leads to;
- DIGEST, which shows papers and nothing of the reader's own, and is made to be passed on;
- CHANGE_ADDRESS, which is about one new address: signing links out calls that off.
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

CONFIRMATION_LIFETIME = dt.timedelta(days=7)
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
    UNSUBSCRIBE = "unsubscribe"
    DIGEST = "digest"  # the digest of one edition, in the browser, and no more: such links are passed on
    OPINION = "opinion"  # what the reader thinks of the papers in that digest
    FEED = "feed"
    CHANGE_ADDRESS = "change_address"
    COME_BACK = "come_back"
    DATA = "data"  # all that is known about the reader, as a file


RENEWABLE = frozenset({Purpose.CONFIRM, Purpose.PREFERENCES, Purpose.OPINION, Purpose.FEED, Purpose.DATA})

LIFETIMES = {
    Purpose.CONFIRM: CONFIRMATION_LIFETIME,
    Purpose.CHANGE_ADDRESS: CONFIRMATION_LIFETIME,
    Purpose.COME_BACK: dt.timedelta(days=30),
    Purpose.DATA: dt.timedelta(days=1),
}

# Where the view of a purpose is another than its namesake here.
DOORS = {
    Purpose.DIGEST: "digest:digest",
    Purpose.OPINION: "digest:digest",  # and the paper below it
    Purpose.FEED: "digest:personal_feed",
}


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine token says."""

    purpose: Purpose
    uid: uuid.UUID
    about: bytes
    generation: int

    def is_current(self, subscriber: Subscriber) -> bool:
        """Return False if the reader has signed out the links of this generation."""
        return self.purpose not in RENEWABLE or self.generation == subscriber.link_generation


class ForgedLinkError(Exception):
    """The token was not made here, was damaged, or is for another purpose."""


class ExpiredLinkError(Exception):
    """The token is genuine, and too old."""


def sign(purpose: Purpose, payload: bytes) -> str:
    """A token that says `payload`, to be read for the same purpose only. Raises ValueError if it gets too long."""
    if purpose in LIFETIMES:
        expires = int(time.time() + LIFETIMES[purpose].total_seconds())
        payload = expires.to_bytes(EXPIRY_LENGTH) + payload
    token = _seal(settings.SECRET_KEY, purpose, payload)
    if len(token) > MAX_TOKEN_LENGTH:
        raise ValueError(f"A token of {len(payload)} bytes for “{purpose}” is longer than a line of a mail.")
    return token


def unsign(purpose: Purpose, token: str) -> bytes:
    """What the token says. Raises ForgedLinkError or ExpiredLinkError."""
    payload = _open(purpose, token)
    if purpose not in LIFETIMES:
        return payload
    if int.from_bytes(payload[:EXPIRY_LENGTH]) < time.time():
        raise ExpiredLinkError(purpose)
    return payload[EXPIRY_LENGTH:]


def make_token(purpose: Purpose, subscriber: Subscriber, about: bytes = b"") -> str:
    """Return a token that names the reader, and whatever else it is `about`."""
    generation = written_generation(subscriber.link_generation) if purpose in RENEWABLE else b""
    return sign(purpose, subscriber.uid.bytes + about + generation)


def written_generation(generation: int) -> bytes:
    """Return the generation as tokens of RENEWABLE purposes end on it."""
    return generation.to_bytes(GENERATION_LENGTH) if generation else b""


def read(purpose: Purpose, token: str) -> Link:
    """Return what the token says. Raises ForgedLinkError or ExpiredLinkError."""
    payload = unsign(purpose, token)
    if len(payload) < UID_LENGTH:
        raise ForgedLinkError(purpose)
    uid, about, generation = uuid.UUID(bytes=payload[:UID_LENGTH]), payload[UID_LENGTH:], 0
    if purpose in RENEWABLE and len(about) % ABOUT_LENGTH == GENERATION_LENGTH:
        about, generation = about[:-GENERATION_LENGTH], int.from_bytes(about[-GENERATION_LENGTH:])
    return Link(purpose, uid, about, generation)


def read_token(purpose: Purpose, token: str) -> uuid.UUID:
    """Return the `uid` that the token names. Raises ForgedLinkError or ExpiredLinkError."""
    return read(purpose, token).uid


def read_about(purpose: Purpose, token: str) -> bytes:
    """Return what else the token is about. Raises ForgedLinkError or ExpiredLinkError."""
    return read(purpose, token).about


def make_url(purpose: Purpose, subscriber: Subscriber, about: bytes = b"") -> str:
    """The absolute address that goes into a mail."""
    door = DOORS.get(purpose, f"subscriptions:{purpose}")
    return f"{settings.SITE_URL}{reverse(door, args=[make_token(purpose, subscriber, about)])}"


def _open(purpose: Purpose, token: str) -> bytes:
    if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        raise ForgedLinkError(purpose)
    try:
        text = _without_groups(token)
        payload = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-MAC_LENGTH]
    except NotBase64Error as error:
        raise ForgedLinkError(purpose) from error
    # Whole tokens are compared, not signatures: base64 has several ways of writing the same bytes, and one is ours.
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(_seal(secret, purpose, payload), token):
            return payload
    raise ForgedLinkError(purpose)


def _seal(secret: str, purpose: Purpose, payload: bytes) -> str:
    mac = _mac(secret, purpose).copy()
    mac.update(payload)
    return _in_groups(base64.urlsafe_b64encode(payload + mac.digest()[:MAC_LENGTH]).rstrip(b"=").decode())


def _in_groups(text: str) -> str:
    """With a 0 after every GROUP characters.

    SpamAssassin takes 30 letters and digits that begin with 1 or 3 for a Bitcoin address, and those never hold a 0.
    """
    return "0".join([text[at : at + GROUP] for at in range(0, len(text), GROUP)])


def _without_groups(token: str) -> str:
    return "".join(token[at : at + GROUP] for at in range(0, len(token), GROUP + 1))


@lru_cache(maxsize=64)
def _mac(secret: str, purpose: Purpose) -> hmac.HMAC:
    """Under a key that is derived once from the secret; copied for each token, which costs less than beginning anew."""
    key = hmac.digest(secret.encode(), f"subscriptions.links.{purpose}".encode(), hashlib.sha256)
    return hmac.new(key, digestmod=hashlib.sha256)
