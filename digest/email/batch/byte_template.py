"""Texts with places in them that are filled anew for each mail, at no more cost than putting bytes in a row. Pure."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence

from digest.email.quoted_printable import SOFT_BREAK, encode

# Digits only: they go through templates, inliner, headers and line breaking as they are. Nobody can guess them, so that
# no paper can hold one.
_NONCE = "".join(secrets.choice("123456789") for _ in range(20))


def mark(number: int) -> str:
    """What stands at the place of this number, from 0 to 999, while a text is being made."""
    return f"{_NONCE}{number:03}"


def cut(text: str, at: Mapping[str, str]) -> list[str]:
    """`text` cut at the words in `at`: a piece, the name that `at` has for the word found there, a piece, and so on."""
    parts = re.split(f"({'|'.join(map(re.escape, at))})", text)
    return [at[part] if number % 2 else part for number, part in enumerate(parts)]


def encode_around(text: str, token: str) -> bytes:
    """`text` as a piece in which `token` stands alone on its lines, so that it can be cut there again."""
    return (token.encode() + SOFT_BREAK).join(encode(part) for part in text.split(token))


class ByteTemplate:
    """A mail in pieces: those that are there, and places for those that are not, by name."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.places: dict[str, list[int]] = {}

    def add(self, parts: Sequence[str], write: Callable[[str], bytes]) -> None:
        """Add a text as it was `cut`, its pieces written by `write`."""
        for number, part in enumerate(parts):
            if number % 2:
                self.places.setdefault(part, []).append(len(self.pieces))
                self.pieces.append(b"")
            elif part:
                self.pieces.append(write(part))

    def fill(self, values: Mapping[str, bytes]) -> list[bytes]:
        """The pieces, with `values` in those of their places that there are."""
        pieces = self.pieces.copy()
        for name, value in values.items():
            for place in self.places.get(name, ()):
                pieces[place] = value
        return pieces
