"""A text in parts, so that a page can mark what was found in it. Pure."""

from collections.abc import Iterable

from digest.matching import Reason, spans


def split_highlights(text: str, reasons: Iterable[Reason]) -> list[tuple[str, bool]]:
    """`text` in parts, each with whether it is what `reasons` found."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for begin, end in spans(text, reasons):
        parts += [(text[at:begin], False), (text[begin:end], True)]
        at = end
    return [part for part in (*parts, (text[at:], False)) if part[0]]
