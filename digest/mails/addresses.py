"""Where a reader's digest is shown in a browser, and where the reader says what they think of its papers.

Both addresses are in the mail, and say who and which edition; the first is passed on, and opens nothing of the second.
"""

import uuid

from subscriptions import links
from subscriptions.links import ForgedLinkError, Purpose
from subscriptions.models import Subscriber

ID_LENGTH = 8  # bytes


def digest_token(uid: bytes, edition_id: int) -> str:
    return links.sign(Purpose.DIGEST, uid + edition_id.to_bytes(ID_LENGTH))


def opinion_token(uid: bytes, edition_id: int, generation: bytes = b"") -> str:
    """Return a token of the `generation` of the reader's links, as `links.written_generation` writes it."""
    return links.sign(Purpose.OPINION, uid + edition_id.to_bytes(ID_LENGTH) + generation)


def digest_url(subscriber: Subscriber, edition_id: int) -> str:
    """The absolute address of the digest."""
    return links.make_url(Purpose.DIGEST, subscriber, edition_id.to_bytes(ID_LENGTH))


def opinion_url(subscriber: Subscriber, edition_id: int) -> str:
    """What the absolute addresses begin with by which readers say what they think, ending on a slash."""
    return links.make_url(Purpose.OPINION, subscriber, edition_id.to_bytes(ID_LENGTH))


def read_digest_token(token: str) -> tuple[uuid.UUID, int]:
    """The reader's uid, and the id of the edition. Raises ForgedLinkError."""
    return _read(Purpose.DIGEST, token)


def read_opinion_token(token: str) -> tuple[uuid.UUID, int]:
    """The same."""
    return _read(Purpose.OPINION, token)


def _read(purpose: Purpose, token: str) -> tuple[uuid.UUID, int]:
    link = links.read(purpose, token)
    if len(link.about) != ID_LENGTH:
        raise ForgedLinkError(purpose)
    return link.uid, int.from_bytes(link.about)
