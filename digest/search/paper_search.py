"""Search over all papers, with the query language of filters and the ranking of digests.

The database's full-text search finds candidates, likeliest and newest first. Matching then scores and ranks them. It
reads every word, so it starts with the likeliest candidates and scores the others only if necessary.
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

RESULTS_A_PAGE = 20
WINDOW = 32  # candidates: the minimum for each term, and the maximum that match it only loosely
CANDIDATES = 300  # candidates of one search; a more specific search finds the others
TOGETHER = 80  # candidates that are scored and ranked first; all of them take four times as long
SURENESS = "more"  # a search shows doubtful papers too, at the end
LAST_PAGE = CANDIDATES // RESULTS_A_PAGE
LONGEST = 2_000  # characters of a search
Order = Literal["fit", "newest", "votes"]
ORDERS: tuple[Order, ...] = get_args(Order)
MAX_TERMS = 12  # terms that are queried, one by one; the grammar allows 50
MAX_EXCLUSIONS = 24  # spellings of exclusions that the database checks; matching checks all of them
# Seconds after which the search for candidates stops: CPU time of this thread on SQLite, which runs in the thread, and
# wall-clock time on a server.
BUDGETS = {"sqlite": 0.15, "postgresql": 1.0}

# How likely a candidate is relevant, by the kind of match. LOOSE matches are only used to fill a WINDOW.
LIKELIEST, LIKELY, POSSIBLE, LOOSE = 4, 3, 2, 1


@dataclass(frozen=True)
class Restriction:
    """The limits of a search in addition to its query."""

    since: dt.date | None = None  # the first day of the papers' editions
    topic: str = ""  # the slug of one of their topics


ANYTHING = Restriction()


@dataclass(frozen=True)
class Results:
    """One page of the results of a search. `total` is exact if `is_all`, else a lower bound."""

    query: str
    page: int  # from 1
    matches: tuple[Match, ...]
    has_more: bool
    pages: int = 1  # pages known so far
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
    within: Restriction = ANYTHING,
) -> Results:
    """Return page `page` (with `size` papers) of the results for `text`.

    Raise FilterError if `text` can't be parsed, is too long or asks for nothing. Text that is not `typed_now`, such as
    the address of a feed, is parsed without the checks for new input, so that old addresses keep working. With
    `or_last`, return the last page if there are fewer pages.
    """
    if len(text) > LONGEST:
        raise grammar.FilterError(_("That is too long: use at most %(most)s characters.") % {"most": LONGEST})
    criteria = validation.read(text) if typed_now else grammar.parse(text)
    if not criteria.wants_something:
        raise grammar.FilterError(
            _("A minus alone finds nothing. Write what to look for, too, like diffusion models, -surveys.")
            if criteria.exclusions
            else _("Write what to look for, such as diffusion models or author:Yann LeCun.")
        )
    size = size or RESULTS_A_PAGE
    found = _restricted(candidates(criteria), within)
    matches, is_all = _rank_candidates(criteria, found, page * size if order == "fit" else CANDIDATES)
    if order != "fit":
        matches.sort(key=_newest if order == "newest" else _votes, reverse=True)
    pages = max(1, ceil(len(matches) / size))
    page = min(page, pages) if or_last else page
    shown = tuple(matches[(page - 1) * size : page * size])
    has_more = len(matches) > page * size or (order == "fit" and not is_all)
    return Results(text, page, shown, has_more, pages, len(matches), is_all)


def _restricted(pks: list[int], within: Restriction) -> list[int]:
    """Return those of the papers `pks` that the restriction allows, in the same order."""
    if within == ANYTHING:
        return pks
    allowed = Paper.objects.filter(pk__in=pks)
    if within.since:
        allowed = allowed.filter(edition__day__gte=within.since)
    if within.topic:
        allowed = allowed.filter(topics__topic__slug=within.topic)
    kept = set(allowed.values_list("pk", flat=True))
    return [pk for pk in pks if pk in kept]


def finds(criteria: Criteria) -> bool:
    """Return whether a search for `criteria` finds anything among its likeliest candidates."""
    return bool(_match_papers(criteria, candidates(criteria)[:RESULTS_A_PAGE]))


def page_number(asked: str) -> int | None:
    """Return the page number in `asked`, or None if it is not a number or far beyond any page."""
    return int(asked) if asked.isdecimal() and len(asked) < 6 else None


def candidates(criteria: Criteria) -> list[int]:
    """Return the ids of papers that may match, likeliest first, then newest first."""
    likely: dict[int, int] = defaultdict(int)
    terms = list(_terms(criteria))
    share = max(WINDOW, CANDIDATES // max(1, len(terms)))
    without = [ask for phrase in criteria.exclusions[:MAX_TERMS] for ask in search_terms.phrase(phrase, "row", "text")]
    for found in _find(terms, without[:MAX_EXCLUSIONS], criteria.min_votes, share):
        for pk, likelihood in found.items():
            likely[pk] += likelihood
    if not terms:
        voted = Paper.objects.filter(votes__gte=criteria.min_votes, is_hidden=False).order_by("-votes", "-pk")
        return list(voted.values_list("pk", flat=True)[:CANDIDATES])
    count = sum(len(values) for values in criteria if isinstance(values, tuple))
    most = CANDIDATES if count <= MAX_TERMS else CANDIDATES // 2  # every candidate is scored by all terms
    return sorted(likely, key=lambda pk: (-likely[pk], -pk))[:most]


RankedTerms = tuple[list[SearchTerm], int]  # search terms, and how likely a paper with one of them is relevant


def _terms(criteria: Criteria) -> Iterator[list[RankedTerms]]:
    """Yield the search terms of each criterion, likeliest first."""
    for phrase in criteria.phrases[:MAX_TERMS]:
        yield [*_exact_terms(phrase), *_word_terms(phrase)]
    for phrase in criteria.quoted[:MAX_TERMS]:
        yield _exact_terms(phrase)
    for name in criteria.authors[:MAX_TERMS]:
        yield [(search_terms.author(name), LIKELIEST)]
    for pattern in criteria.categories[:MAX_TERMS]:
        yield [(search_terms.category(pattern), POSSIBLE)]
    if criteria.sentence:
        yield [(search_terms.sentence(criteria.sentence), POSSIBLE)]


def _exact_terms(phrase: str) -> list[RankedTerms]:
    return [
        (search_terms.phrase(phrase, "row", "title"), LIKELIEST),
        (search_terms.phrase(phrase, "row", "text"), LIKELY),
        (search_terms.apart(phrase, "text"), LOOSE),
    ]


def _word_terms(phrase: str) -> list[RankedTerms]:
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
    """Return for each term its papers with their likelihoods: at most `most` papers, the likelier kinds of match first.

    The last terms have no results if the terms before them have used up the time budget.
    """
    began = _clock()
    found: list[dict[int, int]] = []
    for ranked_terms in terms:
        found.append({})
        for asks, likelihood in ranked_terms:
            if _clock() - began > BUDGETS[connection.vendor]:
                return found
            room = (WINDOW if likelihood == LOOSE else most) - len(found[-1])
            if room > 0:
                pks = fulltext.find(asks, without=without, min_votes=min_votes, limit=most)
                found[-1] |= dict.fromkeys(islice((pk for pk in pks if pk not in found[-1]), room), likelihood)
    return found


def _clock() -> float:
    return time.thread_time() if connection.vendor == "sqlite" else time.perf_counter()


def _rank_candidates(criteria: Criteria, pks: list[int], most: int) -> tuple[list[Match], bool]:
    """Return the matches among the papers `pks`, best first, and True if these are all of them.

    The first TOGETHER candidates are ranked together. If they don't fill a page, all candidates are ranked together.
    Otherwise the rest is ranked separately after them, and only for readers who turn the pages that far.
    """
    first, rest = _match_papers(criteria, pks[:TOGETHER]), pks[TOGETHER:]
    if not first or not rest:
        return first, True  # if no likely candidate matches, the others will not either
    if len(first) >= most:
        return first, False
    matches = first + _match_papers(criteria, rest)
    if len(first) < RESULTS_A_PAGE:  # independent of the page, or pages would repeat papers
        matches.sort(key=lambda found: -found.score)
    return matches, True


def _match_papers(criteria: Criteria, pks: list[int]) -> list[Match]:
    if not pks:
        return []
    papers = Paper.objects.filter(pk__in=pks).select_related("edition").order_by("-votes", "-pk")
    return match(paper_index.build_index(papers, for_page=True), [Interest("", criteria)], (), SURENESS)


def _newest(found: Match) -> tuple[dt.date, int]:
    paper: Any = found.paper
    return paper.edition.day if paper.edition else dt.date.max, paper.votes


def _votes(found: Match) -> int:
    return found.paper.votes
