"""Where a reader's digest is shown in a browser, and where the reader says what they think of its papers.

Both addresses are in the mail, and say who and which edition; the first is passed on, and opens nothing of the second.
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
    """The absolute address of the digest."""
    return link_tokens.make_url(Purpose.DIGEST, subscriber, edition_id.to_bytes(ID_LENGTH))


def opinion_url(subscriber: Subscriber, edition_id: int) -> str:
    """What the absolute addresses begin with by which readers say what they think, ending on a slash."""
    return link_tokens.make_url(Purpose.OPINION, subscriber, edition_id.to_bytes(ID_LENGTH))


def read_digest_token(token: str) -> tuple[uuid.UUID, int]:
    """The reader's uid, and the id of the edition. Raises ForgedLinkError."""
    return _read(Purpose.DIGEST, token)


def read_opinion_token(token: str) -> tuple[uuid.UUID, int]:
    """The same."""
    return _read(Purpose.OPINION, token)


def _read(purpose: Purpose, token: str) -> tuple[uuid.UUID, int]:
    link = link_tokens.read(purpose, token)
    if len(link.about) != ID_LENGTH:
        raise ForgedLinkError(purpose)
    return link.uid, int.from_bytes(link.about)
