"""The public JSON API. It is read-only and the same for all clients, so caches may keep the answers for a while."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from digest.matching import Match, Reason
from digest.search import paper_search
from subscriptions.query.grammar import FilterError

MAX_AGE = 300  # seconds


@require_safe
@cache_control(public=True, max_age=MAX_AGE)
def papers(request: HttpRequest) -> JsonResponse:
    """Return the papers that match ?q=, which is written as in the sign-up form; see docs/api.md."""
    query, page = request.GET.get("q", ""), request.GET.get("page", "1")
    try:
        results = paper_search.search(query, _page(page))
    except FilterError as error:
        return _answer({"error": str(error)}, status=400)
    next_page = f"{_url('digest:api_papers')}?{urlencode({'q': query, 'page': str(results.page + 1)})}"
    return _answer(
        {
            "query": results.query,
            "page": results.page,
            "next": next_page if results.has_more else None,
            "papers": [_paper(match) for match in results.matches],
        }
    )


def _answer(data: dict[str, Any], status: int = 200) -> JsonResponse:
    # Scripts of any site may read the answer, because it holds nothing private and uses no cookie.
    return JsonResponse(data, status=status, headers={"Access-Control-Allow-Origin": "*"})


def _page(text: str) -> int:
    """Return the page's number. Raises FilterError with how to write it."""
    number = paper_search.page_number(text)
    if not number or number > paper_search.LAST_PAGE:
        raise FilterError(f"“{text[:20]}” is not a page. Write a whole number from 1 to {paper_search.LAST_PAGE}.")
    return number


def _paper(match: Match) -> dict[str, Any]:
    paper: Any = match.paper
    return {
        "id": paper.key,
        "title": paper.title,
        "authors": paper.authors,
        "abstract": paper.abstract,
        "categories": paper.categories,
        "keywords": paper.keywords,
        "published_on": paper.published_on,
        "edition": paper.edition and paper.edition.day,
        "votes": paper.votes,
        "url": paper.url,
        "page": _url("digest:paper", paper.key),
        "code": paper.github_url or None,
        "score": round(match.score, 3),
        "reasons": [_reason(reason) for reason in match.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"kind": reason.kind, "found": reason.found, "where": reason.where}


def _url(name: str, *args: object) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=args)}"
