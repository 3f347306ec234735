"""How things are said to readers, in pages and mails alike. Pure."""

import datetime as dt
from collections.abc import Sequence

from digest.matching import Finding, Reason
from digest.text import first_sentences


def short_authors(names: Sequence[str], most: int = 6) -> str:
    """The names, with the middle of a long list left out: the first ones and the last are who did it and whose lab."""
    if len(names) <= most:
        return ", ".join(names)
    left_out = len(names) - most
    return f"{', '.join(names[: most - 1])}, …\u00a0{left_out}\u00a0more\u00a0…, {names[-1]}"


def count(number: int, one: str, many: str = "") -> str:
    """`number` with its noun: 1 paper, 2 papers."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def long_date(day: dt.date) -> str:
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def short_date(day: dt.date) -> str:
    return f"{day.day} {day:%b}"


def why(finding: Finding) -> str:
    """What one interest found in a paper, in one line. Nothing, where only votes speak for it: they stand above."""
    said = "; ".join(_said(reason) for reason in finding.reasons if reason.kind != "votes")
    return f"{finding.interest}: {said}" if said and finding.interest else said


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, cut between words."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def _said(reason: Reason) -> str:
    match reason.kind:
        case "phrase":
            return f"“{reason.found}” in the {reason.where}"
        case "author":
            return f"by {reason.found}"
        case "category":
            return f"in {reason.found}"
    return f"{count(int(reason.found), 'vote')}"


FILTERS = {
    "short_authors": short_authors,
    "count": count,
    "long_date": long_date,
    "short_date": short_date,
    "why": why,
    "shorten": shorten,
    "first_sentences": first_sentences,
}
