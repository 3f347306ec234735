"""Templates of bytes: fixed pieces, and named places that are filled for each email. Pure.

Filling one costs no more than copying a list and joining bytes.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence

from digest.email.quoted_printable import SOFT_BREAK, encode

# Digits only, because templates, the CSS inliner, headers and line breaking do not change them. Random, so that no
# paper can contain a marker, by chance or on purpose.
_NONCE = "".join(secrets.choice("123456789") for _ in range(20))


def marker(number: int) -> str:
    """Return the marker with this number, from 0 to 999: 23 digits that hold a place while a text is rendered."""
    return f"{_NONCE}{number:03}"


def split(text: str, names: Mapping[str, str]) -> list[str]:
    """Split `text` at the keys of `names`, and return a piece, the name of a key, a piece, and so on."""
    parts = re.split(f"({'|'.join(map(re.escape, names))})", text)
    return [names[part] if number % 2 else part for number, part in enumerate(parts)]


def encode_around(text: str, token: str) -> bytes:
    """Return `text` as a piece with each `token` alone on a line, so that the encoded piece can be split there."""
    return (token.encode() + SOFT_BREAK).join(encode(part) for part in text.split(token))


class ByteTemplate:
    """An email in pieces. A piece is either fixed, or a place that has a name and is still empty."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.places: dict[str, list[int]] = {}

    def add(self, parts: Sequence[str], write: Callable[[str], bytes]) -> None:
        """Add a text in the form that `split` returns. `write` encodes its fixed pieces."""
        for number, part in enumerate(parts):
            if number % 2:
                self.places.setdefault(part, []).append(len(self.pieces))
                self.pieces.append(b"")
            elif part:
                self.pieces.append(write(part))

    def fill(self, values: Mapping[str, bytes]) -> list[bytes]:
        """Return the pieces with `values` at their places. A name without a place is ignored."""
        pieces = self.pieces.copy()
        for name, value in values.items():
            for place in self.places.get(name, ()):
                pieces[place] = value
        return pieces
