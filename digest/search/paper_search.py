"""All papers, searched by the grammar in which readers write what they follow, and ranked as their mail is.

The database's full-text search finds candidates, the likeliest and newest first; matching then judges and ranks them,
some of them first, since it reads every word.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any, Literal, get_args

from django.db import connection
from django.utils.translation import gettext as _

from digest.matching import Interest, Match, match
from digest.models import Paper
from digest.personalization import paper_index
from digest.search import fulltext
from digest.search.fulltext import SearchTerm, search_terms
from subscriptions.query import grammar, validation
from subscriptions.query.grammar import Criteria

PAGE = 20  # papers
WINDOW = 32  # candidates that a term has at least, and that hold it but loosely at most
CANDIDATES = 300  # of a search: whoever wants more narrows it down
TOGETHER = 80  # of these are judged at once, and so in the order of their scores; all take four times as long
SURENESS = "more"  # who searches sees what is doubtful at the end, and not in a mail
LAST_PAGE = CANDIDATES // PAGE
LONGEST = 2_000  # characters of a search
Order = Literal["fit", "newest", "votes"]
ORDERS: tuple[Order, ...] = get_args(Order)
MOST_TERMS = 12  # each asked for by itself; the grammar takes 50
MOST_WITHOUT = 24  # ways to write exclusions that the database looks at; matching knows all of them
# Seconds after which no more candidates are looked for: of this thread's CPU on SQLite, which works in it, and by the
# clock where a server does the work.
BUDGETS = {"sqlite": 0.15, "postgresql": 1.0}

# What a way of holding a term says of a candidate. The last is asked for only to fill a WINDOW.
LIKELIEST, LIKELY, POSSIBLE, LOOSE = 4, 3, 2, 1


@dataclass(frozen=True)
class Results:
    """One page of what a search found, in an order; how many papers that is in all, or at least where not `is_all`."""

    query: str
    page: int  # from 1
    matches: tuple[Match, ...]
    has_more: bool
    pages: int = 1  # that are known to be there
    total: int = 0
    is_all: bool = True


def search(
    text: str,
    page: int = 1,
    order: Order = "fit",
    size: int | None = None,
    *,
    typed_now: bool = True,
    or_last: bool = False,
) -> Results:
    """Page `page`, of `size`, of what `text` asks for. Raises FilterError if it can't be read, is too long or asks for
    nothing.

    What was not `typed_now`, such as the address of a feed, goes on being read as it was. With `or_last` the last page
    is returned where there are not so many.
    """
    if len(text) > LONGEST:
        raise grammar.FilterError(_("That is too long: write at most %(most)s characters.") % {"most": LONGEST})
    criteria = validation.read(text) if typed_now else grammar.parse(text)
    if not criteria.wants_something:
        raise grammar.FilterError(
            _("A minus alone finds nothing. Write what to look for, too, like diffusion models, -surveys.")
            if criteria.exclusions
            else _("Write what to look for, such as diffusion models or author:Yann LeCun.")
        )
    size = size or PAGE
    matches, is_all = _judge(criteria, candidates(criteria), page * size if order == "fit" else CANDIDATES)
    if order != "fit":
        matches.sort(key=_newest if order == "newest" else _votes, reverse=True)
    pages = max(1, ceil(len(matches) / size))
    page = min(page, pages) if or_last else page
    shown = tuple(matches[(page - 1) * size : page * size])
    has_more = len(matches) > page * size or (order == "fit" and not is_all)
    return Results(text, page, shown, has_more, pages, len(matches), is_all)


def finds(criteria: Criteria) -> bool:
    """Whether a search for `criteria` finds anything among its likeliest candidates."""
    return bool(_ranked(criteria, candidates(criteria)[:PAGE]))


def page_number(asked: str) -> int | None:
    """The number that somebody wrote for a page; None where it is none, or far beyond any page."""
    return int(asked) if asked.isdecimal() and len(asked) < 6 else None


def candidates(criteria: Criteria) -> list[int]:
    """The ids of papers that may match, the likeliest first and of those the newest."""
    likely: dict[int, int] = defaultdict(int)
    terms = list(_terms(criteria))
    share = max(WINDOW, CANDIDATES // max(1, len(terms)))
    without = [ask for phrase in criteria.exclusions[:MOST_TERMS] for ask in search_terms.phrase(phrase, "row", "text")]
    for found in _find(terms, without[:MOST_WITHOUT], criteria.min_votes, share):
        for pk, likelihood in found.items():
            likely[pk] += likelihood
    if not terms:
        voted = Paper.objects.filter(votes__gte=criteria.min_votes, is_hidden=False).order_by("-votes", "-pk")
        return list(voted.values_list("pk", flat=True)[:CANDIDATES])
    count = sum(
        map(len, (criteria.phrases, criteria.quoted, criteria.authors, criteria.categories, criteria.exclusions))
    )
    most = CANDIDATES if count <= MOST_TERMS else CANDIDATES // 2  # each is judged by all terms
    return sorted(likely, key=lambda pk: (-likely[pk], -pk))[:most]


RankedTerms = tuple[list[SearchTerm], int]  # of holding a term, and how likely a paper that does is wanted


def _terms(criteria: Criteria) -> Iterator[list[RankedTerms]]:
    """Each thing that is asked for: by its ways, the likeliest first."""
    for phrase in criteria.phrases[:MOST_TERMS]:
        yield [*_in_a_row(phrase), *_together(phrase)]
    for phrase in criteria.quoted[:MOST_TERMS]:
        yield _in_a_row(phrase)
    for name in criteria.authors[:MOST_TERMS]:
        yield [(search_terms.author(name), LIKELIEST)]
    for pattern in criteria.categories[:MOST_TERMS]:
        yield [(search_terms.category(pattern), POSSIBLE)]
    if criteria.sentence:
        yield [(search_terms.sentence(criteria.sentence), POSSIBLE)]


def _in_a_row(phrase: str) -> list[RankedTerms]:
    return [
        (search_terms.phrase(phrase, "row", "title"), LIKELIEST),
        (search_terms.phrase(phrase, "row", "text"), LIKELY),
        (search_terms.apart(phrase, "text"), LOOSE),
    ]


def _together(phrase: str) -> list[RankedTerms]:
    if " " not in phrase:
        return []
    return [
        (search_terms.phrase(phrase, "all", "title"), LIKELY),
        (search_terms.phrase(phrase, "all", "text"), POSSIBLE),
        (search_terms.sentence(phrase), LOOSE),
    ]


def _find(
    terms: Iterable[list[RankedTerms]], without: list[SearchTerm], min_votes: int, most: int
) -> list[dict[int, int]]:
    """Return for each term how likely a paper is wanted; `most` papers, the less likely ones only where there is room.

    The last terms find nothing where those before them have spent the budget.
    """
    began = _clock()
    found: list[dict[int, int]] = []
    for ways in terms:
        found.append({})
        for asks, likelihood in ways:
            if _clock() - began > BUDGETS[connection.vendor]:
                return found
            room = (WINDOW if likelihood == LOOSE else most) - len(found[-1])
            if room > 0:
                pks = fulltext.find(asks, without=without, min_votes=min_votes, limit=most)
                found[-1] |= dict.fromkeys(islice((pk for pk in pks if pk not in found[-1]), room), likelihood)
    return found


def _clock() -> float:
    return time.thread_time() if connection.vendor == "sqlite" else time.perf_counter()


def _judge(criteria: Criteria, pks: list[int], most: int) -> tuple[list[Match], bool]:
    """The matches among the papers `pks`, the best first; whether that is all of them, or just `most` or more.

    The first TOGETHER are ranked as one. So are all where these don't fill a page; else the rest follows, and is judged
    only for who turns so far.
    """
    first, rest = _ranked(criteria, pks[:TOGETHER]), pks[TOGETHER:]
    if not first or not rest:
        return first, True  # what comes after no match is likely still less
    if len(first) >= most:
        return first, False
    matches = first + _ranked(criteria, rest)
    if len(first) < PAGE:  # whatever page is asked for, or pages would repeat papers
        matches.sort(key=lambda found: -found.score)
    return matches, True


def _ranked(criteria: Criteria, pks: list[int]) -> list[Match]:
    if not pks:
        return []
    papers = Paper.objects.filter(pk__in=pks).select_related("edition").order_by("-votes", "-pk")
    return match(paper_index.build_index(papers, for_page=True), [Interest("", criteria)], (), SURENESS)


def _newest(found: Match) -> tuple[dt.date, int]:
    paper: Any = found.paper
    return paper.edition.day if paper.edition else dt.date.max, paper.votes


def _votes(found: Match) -> int:
    return found.paper.votes
