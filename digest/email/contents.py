"""The line above the papers that says what is in an email, and how long it takes to read. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from digest.email.excerpts import excerpt
from digest.email.formatting import grouped, isolated, translated
from digest.matching import Match
from digest.personalization.digest_selection import Digest

A_MINUTE = 200  # words
AROUND = 15  # words of a paper besides its title and text: authors, reason, links

CountWords = Callable[[Match], int]


def words_of(found: Match) -> int:
    """Return how many words of the paper an email shows."""
    return len(found.paper.title.split()) + len(excerpt(found.paper).text.split()) + AROUND  # type: ignore[arg-type]


def minutes_of(digest: Digest, count_words: CountWords = words_of) -> int:
    return math.ceil(sum(map(count_words, digest.matches)) / A_MINUTE)


def sections_of(digest: Digest) -> list[tuple[str, int]]:
    """Return the headings of a grouped digest with the number of papers below each. Trending papers have none."""
    if not digest.is_grouped:
        return []
    return list(Counter(found.findings[0].interest for found in digest.for_you).items())


def contents(digest: Digest) -> str:
    """Return the contents line of `digest`, or "" if there are no papers."""
    return line(sections_of(digest), len(digest.trending), minutes_of(digest)) if digest.matches else ""


def line(sections: Iterable[tuple[str, int]], trending: int, minutes: int) -> str:
    parts = [_part(isolated(translated(interest)), papers) for interest, papers in sections]
    if parts and trending:
        parts.append(_part(_("Trending"), trending))
    time = ngettext("%(minutes)s minute to read", "%(minutes)s minutes to read", minutes)
    return " · ".join([(time % {"minutes": grouped(minutes)}).replace(" ", "\u00a0"), *parts])


def _part(name: str, papers: int) -> str:
    return f"{name}\u00a0({papers})"


FILTERS = {"contents": contents}
