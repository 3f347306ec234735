"""Papers of all days, found by the words in which readers say what they follow."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from digest.matching import Finding, Match
from digest.models import Paper
from digest.search import citation_parser, paper_search, zero_results
from digest.search.paper_search import Order, Results
from digest.site import topics
from digest.views.page_cache import show
from digest.views.papers import known
from subscriptions.query.grammar import FilterError


@dataclass(frozen=True)
class SearchHit:
    """A paper that a search found, and why."""

    paper: Paper
    finding: Finding


@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    query = request.GET.get("q", "").strip()[: paper_search.LONGEST + 1]  # enough to be refused as too long
    named = citation_parser.key_of(query)
    if named and (paper := known(named)):
        return redirect("digest:paper", paper.key)
    order = _order(request)
    results, problem = _results("" if named else query, _page_number(request), order)
    found = [_found(match) for match in results.matches]
    context = {
        "query": query,
        "named": named,
        "problem": problem,
        "found": found,
        "hints": zero_results.hints(query) if query and not (named or problem or found) else (),
        "topics_of": topics.of_papers([row.paper for row in found], topics.offered()) if found else {},
        "order": order,
        "results": replace(results, matches=()),
    }
    return show(request, "web/search.html", context, query=_asked(query, order, results.page))


def _asked(query: str, order: Order, page: int) -> dict[str, object]:
    """What of the address counts."""
    asked = {"q": query, "order": order if order != "fit" else "", "page": page if page > 1 else ""}
    return {name: value for name, value in asked.items() if value}


def _order(request: HttpRequest) -> Order:
    """The order that is asked for; the best match first where there is no such order."""
    orders: dict[str, Order] = {order: order for order in paper_search.ORDERS}
    return orders.get(request.GET.get("order", ""), "fit")


def _results(query: str, number: int, order: Order) -> tuple[Results, str]:
    """What `query` finds, on its last page where there are not so many, and what is wrong with it."""
    nothing = Results(query, 1, (), False)
    try:
        return (paper_search.search(query, number, order, or_last=True) if query else nothing), ""
    except FilterError as error:
        return nothing, str(error)


def _page_number(request: HttpRequest) -> int:
    """The page that is asked for; the first where that is none."""
    return min(max(paper_search.page_number(request.GET.get("page", "")) or 1, 1), paper_search.LAST_PAGE)


def _found(match: Match) -> SearchHit:
    """As data: a finding of an index knows the whole index."""
    paper: Any = match.paper
    return SearchHit(paper, Finding("", match.score, match.reasons))
