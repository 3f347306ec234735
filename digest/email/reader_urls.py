"""The URLs in a digest that belong to its reader: the digest in the browser, and the feedback links of its papers.

Both contain a signed token that names the reader and the edition. The URL of the digest may be forwarded to others, so
its token does not open the feedback pages.
"""

import uuid

from subscriptions.models import Subscriber
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import ForgedLinkError, Purpose

ID_LENGTH = 8  # bytes


def digest_token(uid: bytes, edition_id: int) -> str:
    return link_tokens.sign(Purpose.DIGEST, uid + edition_id.to_bytes(ID_LENGTH))


def opinion_token(uid: bytes, edition_id: int, generation: bytes = b"") -> str:
    """Return a token of the `generation` of the reader's links, as `link_tokens.written_generation` writes it."""
    return link_tokens.sign(Purpose.OPINION, uid + edition_id.to_bytes(ID_LENGTH) + generation)


def digest_url(subscriber: Subscriber, edition_id: int) -> str:
    """Return the absolute URL of the digest in the browser."""
    return link_tokens.make_url(Purpose.DIGEST, subscriber, edition_id.to_bytes(ID_LENGTH))


def opinion_url(subscriber: Subscriber, edition_id: int) -> str:
    """Return the absolute URL that all feedback links of the digest begin with. It ends with a slash."""
    return link_tokens.make_url(Purpose.OPINION, subscriber, edition_id.to_bytes(ID_LENGTH))


def read_digest_token(token: str) -> tuple[uuid.UUID, int]:
    """Return the reader's uid and the id of the edition. Raise ForgedLinkError if the token is not valid."""
    return _read(Purpose.DIGEST, token)


def read_opinion_token(token: str) -> tuple[uuid.UUID, int]:
    """Return the reader's uid and the id of the edition. Raise ForgedLinkError if the token is not valid."""
    return _read(Purpose.OPINION, token)


def _read(purpose: Purpose, token: str) -> tuple[uuid.UUID, int]:
    link = link_tokens.read(purpose, token)
    if len(link.about) != ID_LENGTH:
        raise ForgedLinkError(purpose)
    return link.uid, int.from_bytes(link.about)
