"""Where words stand in a text, so that a page can mark them. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache


def mark(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """`text` in parts, each with whether it is one of `words`, as whole words and in any case."""
    wanted = tuple(sorted({word for word in words if word.strip()}, key=len, reverse=True))
    if not wanted:
        return [(text, False)]
    parts = _pattern(wanted).split(text)
    return [(part, bool(number % 2)) for number, part in enumerate(parts) if part]


@lru_cache(500)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(re.escape(word) for word in words)
    return re.compile(rf"(?<!\w)({either})(?!\w)", re.IGNORECASE)
