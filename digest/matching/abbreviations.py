"""The abbreviations that a paper defines, with their long forms. Pure."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]+")


def definitions(text: str) -> Iterator[tuple[str, str]]:
    """Yield each abbreviation in brackets with the long form before it: GRPO, Group Relative Policy Optimization.

    The algorithm is that of Schwartz and Hearst (2003): the letters of the abbreviation occur in the preceding words
    in the same order, and the first letter begins a word.
    """
    for found in re.finditer(r"\(([^\s()]{2,10})\)", text):
        short = found[1].removesuffix("s")
        if sum(map(str.isupper, short)) > 1:
            before = text[max(0, found.start() - 12 * len(short) - 20) : found.start()].rstrip()
            if long := _long_form(short, before):
                yield short, long


def _long_form(short: str, before: str) -> str:
    """Return the end of `before` that `short` abbreviates, or an empty string."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    position = len(before)
    for number, letter in enumerate(reversed(letters), 1):
        is_first = number == len(letters)
        position -= 1
        while position >= 0 and (
            before[position].lower() != letter or (is_first and position > 0 and before[position - 1].isalnum())
        ):
            position -= 1
        if position < 0:
            return ""
    long = before[position:]
    words = _WORD.findall(long)
    # A long form has about as many words as the abbreviation has letters, and lies within one sentence.
    is_sane = 2 <= len(words) <= len(letters) + 3 and not re.search(r"[.;:()]", long)
    return long if is_sane else ""
