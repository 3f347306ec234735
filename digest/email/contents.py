"""The line above the papers that says what is in an email, and how long it takes to read. Pure."""

import math
from collections.abc import Callable, Iterable
from itertools import accumulate, chain

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from digest.email.excerpts import excerpt
from digest.email.formatting import grouped
from digest.email.reason_line import name_of, names_of
from digest.matching import OWN_WORDS, Match
from digest.personalization.digest_selection import Digest, Group

A_MINUTE = 200  # words
AROUND = 15  # words of a paper besides its title and text: authors, reason, links
MAX_HEADING = 38  # characters of the reader's own words in a heading, each with its comma

CountWords = Callable[[Match], int]


def words_of(found: Match) -> int:
    """Return how many words of the paper an email shows."""
    return len(found.paper.title.split()) + len(excerpt(found.paper).text.split()) + AROUND  # type: ignore[arg-type]


def minutes_of(digest: Digest, count_words: CountWords = words_of) -> int:
    return math.ceil(sum(map(count_words, digest.matches)) / A_MINUTE)


def sections_of(digest: Digest) -> list[tuple[str, int]]:
    """Return the headings of a grouped digest with the number of papers below each. Trending papers have none."""
    return [(_heading(group), len(group.matches)) for group in digest.groups] if digest.is_grouped else []


def _heading(group: Group) -> str:
    """Return the name of the group's topic, or the reader's own words that found its papers, as many as fit."""
    if group.interest == OWN_WORDS:
        findings = (finding for found in group.matches for finding in found.findings)
        own = (names_of(finding) for finding in findings if finding.interest == OWN_WORDS)
        if names := list(dict.fromkeys(chain.from_iterable(own))):
            return _first_of(names)
    return name_of(group.interest)


def _first_of(names: list[str]) -> str:
    """Return as many `names` as fit in a heading, at least one. An ellipsis replaces the others."""
    lengths = accumulate(len(name) + len(", ") for name in names)
    fitting = sum(length <= MAX_HEADING for length in lengths) or 1
    return ", ".join(names if fitting == len(names) else [*names[:fitting], "…"])


def headings(digest: Digest) -> list[str]:
    """Return the heading directly above each paper of `digest`, or "" if there is none."""
    above = list(chain.from_iterable([heading, *[""] * (papers - 1)] for heading, papers in sections_of(digest)))
    return above + [""] * (len(digest.matches) - len(above))


def groups(digest: Digest) -> list[str]:
    """Return the heading of the group that each paper of `digest` is in, or "" if it is in none."""
    return groups_of(sections_of(digest), len(digest.matches))


def groups_of(sections: Iterable[tuple[str, int]], papers: int) -> list[str]:
    """Return the heading of the group of each of `papers` papers, or "" for those after the `sections`."""
    names = list(chain.from_iterable([heading] * number for heading, number in sections))
    return names + [""] * (papers - len(names))


def contents(digest: Digest) -> str:
    """Return the contents line of `digest`, or "" if there are no papers."""
    return line(sections_of(digest), len(digest.trending), minutes_of(digest)) if digest.matches else ""


def line(sections: Iterable[tuple[str, int]], trending: int, minutes: int) -> str:
    parts = [_part(heading, papers) for heading, papers in sections]
    if parts and trending:
        parts.append(_part(_("Trending"), trending))
    time = ngettext("%(minutes)s-minute read", "%(minutes)s-minute read", minutes)
    return " · ".join([(time % {"minutes": grouped(minutes)}).replace(" ", "\u00a0"), *parts])


def _part(name: str, papers: int) -> str:
    return f"{name}\u00a0({papers})"


FILTERS = {"contents": contents, "groups": groups, "headings": headings}
