"""The positions of matches in a text. Pure."""

import re
from collections.abc import Iterable

from digest.matching.tokens import has_capitals, is_abbreviation, key_of, words_of
from digest.matching.types import Reason

WHOLE_WORD = re.compile(r"[^\W_]+(?:[-\u2010\u2011_][^\W_]+)*")  # with all parts of a compound: mix-harness


def spans(text: str, reasons: Iterable[Reason]) -> list[tuple[int, int]]:
    """Return the spans (begin, end) of `text` that `reasons` match: whole words, in order and without overlaps.

    `text` may be any part of a title or an abstract, and may spell the words differently: Pre-training for
    pretraining. A match within a longer word, such as bench in OfficeBench-2, becomes the whole of it.
    """
    words = list(words_of(text))
    whole = [word.span() for word in WHOLE_WORD.finditer(text)]
    occurrences = {span for phrase in _phrases(reasons) for span in _occurrences(phrase, text, words)}
    found = sorted({_widened(span, whole) for span in occurrences})
    apart: list[tuple[int, int]] = []
    for begin, end in found:
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return apart


def _widened(span: tuple[int, int], whole: list[tuple[int, int]]) -> tuple[int, int]:
    """Return `span`, widened to the whole words that it begins and ends in."""
    begin = next((begin for begin, end in whole if begin <= span[0] < end), span[0])
    return begin, next((end for begin, end in whole if begin < span[1] <= end), span[1])


def _phrases(reasons: Iterable[Reason]) -> Iterable[str]:
    for reason in reasons:
        if reason.kind == "phrase":
            yield reason.found
        elif reason.kind == "words":
            yield from reason.found.split(", ")


def _occurrences(phrase: str, text: str, words: list[tuple[str, int, int]]) -> Iterable[tuple[int, int]]:
    key, is_short = key_of(phrase), is_abbreviation(phrase)
    for number in range(len(words)):
        rest, last = key, number
        while rest and last < len(words) and rest.startswith(words[last][0]):
            rest, last = rest[len(words[last][0]) :], last + 1
        begin, end = words[number][1], words[last - 1][2]
        if key and not rest and (not is_short or has_capitals(text[begin:end])):
            yield begin, end
