"""The papers that a visitor names before signing up. Forms carry them as one signed value."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.core import signing

MAX_PACKED_LENGTH = 400_000  # characters
SALT = "subscriptions.liked_papers"


class DamagedListError(ValueError):
    """The value was not packed by this site, or has been changed."""


@dataclass(frozen=True)
class LikedPaper:
    """A paper by its canonical key. A paper that this site has needs only its title beside it."""

    key: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    is_stored: bool = False  # True if this site has the paper
    is_saved: bool = False  # True if the visitor pressed Save: it goes to the reading list, and counts as a like there

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "LikedPaper":
        return cls(**{**stored, "authors": tuple(stored.get("authors", ()))})


def pack(papers: Iterable[LikedPaper]) -> str:
    """Return the papers as one signed and compressed value for a hidden field."""
    return signing.dumps([asdict(paper) for paper in papers], salt=SALT, compress=True)


def unpack(packed: str) -> tuple[LikedPaper, ...]:
    """Return the papers in a value from `pack`, which may be empty. Raise DamagedListError."""
    if not packed:
        return ()
    try:
        return tuple(map(LikedPaper.from_json, signing.loads(packed[:MAX_PACKED_LENGTH], salt=SALT)))
    except signing.BadSignature as error:
        raise DamagedListError("The list of papers has no valid signature.") from error
