"""Splitting of a text into parts, so that a page can highlight the matches. Pure."""

from collections.abc import Iterable

from digest.matching import Reason, spans
from digest.matching.tokens import families_of, family, words_of
from subscriptions.query.grammar import Criteria


def split_highlights(text: str, reasons: Iterable[Reason]) -> list[tuple[str, bool]]:
    """Return the parts of `text` in order, each with a flag: True if one of `reasons` matched it."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for begin, end in spans(text, reasons):
        parts += [(text[position:begin], False), (text[begin:end], True)]
        position = end
    return [part for part in (*parts, (text[position:], False)) if part[0]]


def words_asked_for(text: str, criteria: Criteria) -> tuple[Reason, ...]:
    """Return the words of `text` that are a form of one in `criteria`, as a reason to highlight them."""
    asked = {name for term in (*criteria.phrases, *criteria.quoted, criteria.sentence) for name in families_of(term)}
    found = [text[begin:end] for word, begin, end in words_of(text) if family(word) in asked]
    return (Reason("", "words", ", ".join(found), "title", 0.0),) if found else ()
