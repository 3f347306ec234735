"""The search over the papers of all days, in the query language of the sign-up form."""

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
from digest.site import thumbnails, topics
from digest.views.page_cache import show
from digest.views.papers import known
from subscriptions.query.grammar import FilterError


@dataclass(frozen=True)
class SearchHit:
    """A paper that a search found, and the reasons."""

    paper: Paper
    finding: Finding


@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    query = request.GET.get("q", "").strip()[
        : paper_search.LONGEST + 1
    ]  # still too long, so that the search refuses it
    named = citation_parser.key_of(query)
    if named and (paper := known(named)):
        return redirect("digest:paper", paper.key)
    order = _order(request)
    results, problem = _results("" if named else query, _page_number(request), order)
    hits = [_search_hit(match) for match in results.matches]
    context = {
        "query": query,
        "named": named,
        "problem": problem,
        "found": hits,
        "hints": zero_results.hints(query) if query and not (named or problem or hits) else (),
        "topics_of": topics.of_papers([hit.paper for hit in hits], topics.offered()) if hits else {},
        "pictures": thumbnails.of_papers([hit.paper for hit in hits]) if hits else {},
        "order": order,
        "results": replace(results, matches=()),
    }
    return show(request, "web/search.html", context, query=_parameters(query, order, results.page))


def _parameters(query: str, order: Order, page: int) -> dict[str, object]:
    """Return the parameters of the address that differ from their defaults."""
    parameters = {"q": query, "order": order if order != "fit" else "", "page": page if page > 1 else ""}
    return {name: value for name, value in parameters.items() if value}


def _order(request: HttpRequest) -> Order:
    """Return the requested order; best match first if it is missing or unknown."""
    orders: dict[str, Order] = {order: order for order in paper_search.ORDERS}
    return orders.get(request.GET.get("order", ""), "fit")


def _results(query: str, number: int, order: Order) -> tuple[Results, str]:
    """Return the results of `query` and its error. A page after the last gives the last page."""
    nothing = Results(query, 1, (), False)
    try:
        return (paper_search.search(query, number, order, or_last=True) if query else nothing), ""
    except FilterError as error:
        return nothing, str(error)


def _page_number(request: HttpRequest) -> int:
    """Return the requested page; the first if it is missing or invalid."""
    return min(max(paper_search.page_number(request.GET.get("page", "")) or 1, 1), paper_search.LAST_PAGE)


def _search_hit(match: Match) -> SearchHit:
    """Return the hit as plain data, because an index's finding refers to the whole index and can't be pickled."""
    paper: Any = match.paper
    return SearchHit(paper, Finding("", match.score, match.reasons))
