"""Splitting of a text into parts, so that a page can highlight the matches. Pure."""

from collections.abc import Iterable

from digest.matching import Reason, spans


def split_highlights(text: str, reasons: Iterable[Reason]) -> list[tuple[str, bool]]:
    """Return the parts of `text` in order, each with a flag: True if one of `reasons` matched it."""
    parts: list[tuple[str, bool]] = []
    position = 0
    for begin, end in spans(text, reasons):
        parts += [(text[position:begin], False), (text[begin:end], True)]
        position = end
    return [part for part in (*parts, (text[position:], False)) if part[0]]
