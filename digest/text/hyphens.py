"""Splitting of a title into hyphenated words and the rest, so that a page can keep such words on one line. Pure."""

import re
from collections.abc import Iterable

_HYPHENATED = re.compile(r"(\S*\w-\w\S*)")

Part = tuple[str, bool]  # a part of a title, and whether it is highlighted


def split_hyphenated(text: str) -> list[tuple[str, bool]]:
    """Return the parts of `text` in order, each with a flag: True for a hyphenated word, such as “black-box”."""
    return [(part, bool(position % 2)) for position, part in enumerate(_HYPHENATED.split(text)) if part]


def by_words(parts: Iterable[Part]) -> list[tuple[list[Part], bool]]:
    """Return the highlighted parts of a title in groups, each with a flag: True for a hyphenated word.

    A word is one group even if only a part of it is highlighted.
    """
    rest = list(parts)
    words = split_hyphenated("".join(text for text, _is_found in rest))
    rest.reverse()
    return [(_take(rest, len(word)), is_hyphenated) for word, is_hyphenated in words]


def _take(rest: list[Part], length: int) -> list[Part]:
    """Remove the next `length` characters from the end of `rest`, which is reversed, and return them as parts."""
    taken: list[Part] = []
    while length:
        text, is_found = rest.pop()
        taken.append((text[:length], is_found))
        if text[length:]:
            rest.append((text[length:], is_found))
        length -= len(taken[-1][0])
    return taken
