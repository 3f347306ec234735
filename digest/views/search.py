"""The search over the papers of all days, in the query language of the sign-up form."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import paper_keys
from digest.matching import Finding, Match, Reason
from digest.matching.highlight import words_asked_for
from digest.models import Paper
from digest.search import citation_parser, paper_search, zero_results
from digest.search.paper_search import Order, Restriction, Results
from digest.search.zero_results import SearchHint
from digest.site import archive, thumbnails, topics
from digest.views.page_cache import show
from digest.views.papers import known
from subscriptions.query import grammar
from subscriptions.query.grammar import Criteria, FilterError
from subscriptions.readers import follows

# How far back the filter by date reaches, by its value in the address.
SINCE: Mapping[str, dt.timedelta] = {
    "week": dt.timedelta(days=7),
    "month": dt.timedelta(days=31),
    "year": dt.timedelta(days=366),
}
POPULAR_EDITIONS = 5  # editions that show which topics are popular
MAX_POPULAR = 12


@dataclass(frozen=True)
class SearchHit:
    """A paper that a search found, the reasons, and the words of its title that the query has, too."""

    paper: Paper
    finding: Finding
    title_words: tuple[Reason, ...]


@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    query = request.GET.get("q", "").strip()[
        : paper_search.LONGEST + 1
    ]  # still too long, so that the search refuses it
    named = citation_parser.key_of(query)
    if named and (paper := known(named)):
        return redirect("digest:paper", paper.key)
    order = _order(request)
    labels = topics.offered()
    chosen = _choices(request, labels)
    results, problem = _results("" if named else query, _page_number(request), order, _restriction(chosen))
    is_empty = bool(query) and not (named or problem or results.matches or chosen)
    hints = zero_results.hints(query) if is_empty else ()
    if author := _author_alone(query, hints):
        return redirect(reverse("digest:search", query={"q": author}))
    criteria = Criteria() if named or problem else grammar.parse(query)
    hits = [_search_hit(match, criteria) for match in results.matches]
    topics_of = topics.of_papers([hit.paper for hit in hits], labels) if hits else {}
    context = {
        "query": query,
        "named": named,
        "arxiv_number": paper_keys.arxiv_number(named),
        "problem": problem,
        "found": hits,
        "hints": hints,
        "topics_of": topics_of,
        "offered": _most_common(topics_of.values()),
        "chosen": chosen,
        "follow": follows.single(criteria),  # by one press
        "topic": next((label for label in labels.values() if label.slug == chosen.get("topic")), None),
        "popular": [] if query else _popular(labels),
        "pictures": thumbnails.of_papers([hit.paper for hit in hits]) if hits else {},
        "order": order,
        "results": replace(results, matches=()),
    }
    return show(request, "web/search.html", context, query={**_parameters(query, order, results.page), **chosen})


def _author_alone(query: str, hints: Sequence[SearchHint]) -> str:
    """Return the search for an author if `query` is only their name, or ""."""
    if len(hints) == 1 and hints[0].kind == "author" and hints[0].about.casefold() == query.casefold():
        return hints[0].instead[0]
    return ""


def _parameters(query: str, order: Order, page: int) -> dict[str, object]:
    """Return the parameters of the address that differ from their defaults."""
    parameters = {"q": query, "order": order if order != "fit" else "", "page": page if page > 1 else ""}
    return {name: value for name, value in parameters.items() if value}


def _choices(request: HttpRequest, labels: topics.Labels) -> dict[str, str]:
    """Return the filters in the address that exist."""
    given = {name: request.GET.get(name, "") for name in ("since", "topic")}
    known = {"since": set(SINCE), "topic": {label.slug for label in labels.values()}}
    return {name: value for name, value in given.items() if value in known[name]}


def _restriction(chosen: Mapping[str, str]) -> Restriction:
    since = timezone.now().date() - SINCE[chosen["since"]] if "since" in chosen else None
    return Restriction(since, chosen.get("topic", ""))


def _most_common(found: Collection[Sequence[topics.TopicLabel]]) -> list[topics.TopicLabel]:
    """Return the topics of most of the shown papers, to filter by."""
    counted = Counter(label.slug for labels in found for label in labels)
    by_slug = {label.slug: label for labels in found for label in labels}
    return [by_slug[slug] for slug, _ in counted.most_common(MAX_POPULAR)]


def _popular(labels: topics.Labels) -> list[topics.TopicLabel]:
    """Return the topics with most papers in the newest editions."""
    counted = topics.counts(archive.last_editions(POPULAR_EDITIONS))
    return [label for label, _ in topics.most_frequent(labels, counted)[:MAX_POPULAR]]


def _order(request: HttpRequest) -> Order:
    """Return the requested order; best match first if it is missing or unknown."""
    orders: dict[str, Order] = {order: order for order in paper_search.ORDERS}
    return orders.get(request.GET.get("order", ""), "fit")


def _results(query: str, number: int, order: Order, within: Restriction) -> tuple[Results, str]:
    """Return the results of `query` and its error. A page after the last gives the last page."""
    nothing = Results(query, 1, (), False)
    try:
        return (paper_search.search(query, number, order, or_last=True, within=within) if query else nothing), ""
    except FilterError as error:
        return nothing, str(error)


def _page_number(request: HttpRequest) -> int:
    """Return the requested page; the first if it is missing or invalid."""
    return min(max(paper_search.page_number(request.GET.get("page", "")) or 1, 1), paper_search.LAST_PAGE)


def _search_hit(match: Match, criteria: Criteria) -> SearchHit:
    """Return the hit as plain data, because an index's finding refers to the whole index and can't be pickled."""
    paper: Any = match.paper
    return SearchHit(paper, Finding("", match.score, match.reasons), words_asked_for(paper.title, criteria))
