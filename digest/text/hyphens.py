"""Splitting of a title into hyphenated words and the rest, so that a page can keep such words on one line. Pure."""

import re

_HYPHENATED = re.compile(r"(\S*\w-\w\S*)")


def split_hyphenated(text: str) -> list[tuple[str, bool]]:
    """Return the parts of `text` in order, each with a flag: True for a hyphenated word, such as “black-box”."""
    return [(part, bool(position % 2)) for position, part in enumerate(_HYPHENATED.split(text)) if part]
