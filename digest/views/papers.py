"""The page of one paper, and its reference as BibTeX and RIS."""

from collections.abc import Callable, Iterable

from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from digest.editions import publication
from digest.models import Paper
from digest.search import similar_papers
from digest.site import citations, topics
from digest.views.page_cache import show


@require_safe
def paper(request: HttpRequest, key: str) -> HttpResponseBase:
    found = find(key)
    if found.key != key:
        return redirect("digest:paper", found.key, permanent=True)
    listings = list(found.listings.select_related("source").order_by("day", "source__name"))
    context = {
        "paper": found,
        "listings": listings,
        "discussed": next((listing for listing in reversed(listings) if listing.discussion), None),
        "beside": publication.adjacent_keys(found),
        "bibtex": citations.bibtex([found]),
        "topics": topics.of_papers([found], topics.offered()).get(found.pk, []),
        "similar": similar_papers.similar(found),
        "picture": getattr(found, "mark", ""),
    }
    return show(request, "web/paper.html", context)


@require_safe
def bibtex(request: HttpRequest, key: str) -> HttpResponse:
    return _reference(key, citations.bibtex, citations.BIBTEX_TYPE, "bib")


@require_safe
def ris(request: HttpRequest, key: str) -> HttpResponse:
    return _reference(key, citations.ris, citations.RIS_TYPE, "ris")


def _reference(key: str, write: Callable[[Iterable[Paper]], str], kind: str, suffix: str) -> HttpResponse:
    found = find(key)
    if found.key != key:
        return redirect("digest:bibtex" if suffix == "bib" else "digest:ris", found.key, permanent=True)
    response = HttpResponse(write([found]), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{slugify(found.key)}.{suffix}"'
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Link"] = f'<{reverse("digest:paper", args=[found.key])}>; rel="canonical"'
    return response


def find(key: str) -> Paper:
    """Return the paper that has or had the key `key`. Raises Http404 if there is none."""
    found = known(key)
    if found is None:
        raise Http404(f"There is no paper {key}.")
    return found


def known(key: str) -> Paper | None:
    """Return the paper that has or had the key `key`, or has that DOI; None if there is none."""
    if "\x00" in key:  # PostgreSQL raises an error for it
        return None
    shown = Paper.objects.select_related("edition").annotate(mark=F("thumbnail__mark")).filter(is_hidden=False)
    found = shown.filter(key=key).first() or shown.filter(aliases__key=key).first()
    if found is None and key.startswith("doi:"):
        found = shown.filter(doi=key.removeprefix("doi:")).first()
    return found
