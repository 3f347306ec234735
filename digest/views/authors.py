"""The page of an author."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from digest.models import Paper
from digest.models.papers import CARD_FIELDS
from digest.search import similar_papers
from digest.site import authors, thumbnails, topics
from digest.views.page_cache import paginate, show

PAPERS_A_PAGE = 25
MAX_SIMILAR = 4  # papers, shown below the only paper of an author


@require_safe
def author(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show the papers of one author, newest first."""
    key = authors.key_of(name)
    if key and key != name:
        return redirect("digest:author", key, permanent=True)
    found = authors.papers_by(key) if key else []
    if not found:
        raise Http404(f"There is no paper by {name}.")
    shown = Paper.objects.filter(pk__in=[pk for pk, _names in found]).select_related("edition")
    newest_first = shown.order_by("-edition__day", "-votes", "-pk").only(*CARD_FIELDS, "edition__day")
    papers, pages = paginate(newest_first, request.GET.get("page"), PAPERS_A_PAGE)
    similar = similar_papers.similar(papers[0], MAX_SIMILAR) if pages.total == 1 else []
    context = {
        "name": authors.name_of(key, found),
        "key": key,
        "papers": papers,
        "pages": pages,
        "coauthors": authors.coauthors(key, found),
        "similar": similar,
        "topics_of": topics.of_papers([*papers, *similar], topics.offered()),
        "pictures": thumbnails.of_papers([*papers, *similar]),
    }
    query = {"page": pages.number} if pages.number > 1 else {}
    return show(request, "web/author.html", context, query=query)
