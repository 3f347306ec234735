"""The JSON API: the search of papers, which is public, and the operations that need a token.

The search is the same for all clients, so caches may keep its answers for a while. The other operations, and the
document that describes them, are in `digest.api`.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.http import urlencode
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from digest.api import problems
from digest.api.problems import ProblemError
from digest.matching import Match, Reason
from digest.search import paper_search
from subscriptions import brand
from subscriptions.query.grammar import FilterError
from subscriptions.views import embed

MAX_AGE = 300  # seconds
URLS = "digest.api.urls"  # loaded at the first request, because workers load this module, too


@csrf_exempt  # so that other methods get 405
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


@csrf_exempt  # a token proves who asks, and cookies are ignored
def operation(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Answer a request for an operation with a token. Errors are problem documents, and no cache stores the answer."""
    try:
        view, args, kwargs = _operation_at(rest)
        answer = _by_get(request, view, *args, **kwargs)
        if isinstance(answer, HttpResponseNotAllowed):
            return _not_allowed(answer)
    except ProblemError as problem:
        return problems.response(problem)
    answer.headers["Cache-Control"] = problems.NOT_STORED
    return answer


@require_safe
@cache_control(public=True, max_age=MAX_AGE)
def openapi(request: HttpRequest) -> JsonResponse:
    """Return the OpenAPI document."""
    from digest.api import document

    return JsonResponse(document.document(brand.current().name))


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the operations of the OpenAPI document."""
    from digest.api import document
    from digest.api.service import ABOUT

    about = ABOUT.strip().split("\n\n")
    snippets = {"form": embed.form_snippet(), "frame": embed.frame_snippet()}
    return render(request, "web/api.html", {"groups": document.shown(), "about": about} | snippets)


def _operation_at(rest: str) -> Any:
    """Return the view of an operation and its arguments. Raise ProblemError 404."""
    try:
        return resolve(f"/v1/{rest}", urlconf=URLS)
    except Http404 as error:
        raise ProblemError(404, f"There is nothing at this address. {_url('digest:api_docs')} lists all.") from error


def _by_get(request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Call the view, with HEAD as GET."""
    method = request.method
    request.method = "GET" if method == "HEAD" else method
    try:
        answer: HttpResponseBase = view(request, *args, **kwargs)
    finally:
        request.method = method
    return answer


def _not_allowed(answer: HttpResponseNotAllowed) -> HttpResponseBase:
    methods = sorted(answer.headers["Allow"].split(", "))
    allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
    detail = f"This address takes {allowed} only."
    return problems.response(ProblemError(405, detail, headers={"Allow": allowed}))


def _answer(data: dict[str, Any], status: int = 200) -> JsonResponse:
    # Scripts of any site may read the answer, because it holds nothing private and uses no cookie.
    return JsonResponse(data, status=status, headers={"Access-Control-Allow-Origin": "*"})


def _page(text: str) -> int:
    """Return the page's number. Raise FilterError with how to write it."""
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
