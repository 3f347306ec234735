"""The page of one paper, and its reference as BibTeX and RIS."""

from collections.abc import Callable, Iterable, Sequence

from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from digest.editions import publication
from digest.models import Paper
from digest.personalization import paper_match
from digest.search import similar_papers
from digest.site import citations, paper_links, paper_metadata, topics
from digest.site.topics import TopicLabel
from digest.views.page_cache import show
from subscriptions.readers import liked_papers
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.security import reader_session

MAX_TICKED_TOPICS = 3  # ticked on the form that “papers like these” leads to
MAX_ON_TOPIC = 4  # papers on the paper's topic, shown if none is similar


@require_safe
def paper(request: HttpRequest, key: str) -> HttpResponseBase:
    found = find(key)
    if found.key != key:
        return redirect("digest:paper", found.key, permanent=True)
    listings = list(found.listings.select_related("source").order_by("day", "source__name"))
    alike = similar_papers.similar(found)
    topics_of = topics.of_papers([found, *alike], topics.offered())
    its_topics = topics_of.get(found.pk, [])
    on_its_topic = None if alike else topics.others_on_its_topic(found, its_topics[:MAX_TICKED_TOPICS], MAX_ON_TOPIC)
    reader = reader_session.reader_of(request)
    page = f"{settings.SITE_URL}{reverse('digest:paper', args=[key])}"
    context = {
        "paper": found,
        "listings": listings,
        "discussed": next((listing for listing in reversed(listings) if listing.discussion), None),
        "beside": publication.adjacent(found),
        "bibtex": citations.bibtex([found], is_short=True),
        "topics": its_topics,
        "similar": alike,
        "on_its_topic": on_its_topic,
        "topics_of": topics_of,
        "pictures": {other.pk: _mark(other) for other in alike or (on_its_topic.papers if on_its_topic else [])},
        "picture": _mark(found),
        "findings": paper_match.findings_in(found, reader) if reader else (),
        "subscribe_address": _subscribe_address(found, its_topics),
        **_links(found, page),
        "citation_tags": paper_metadata.citation_tags(found, found.pdf_url),
        "json_ld": paper_metadata.json_ld(found, page),
    }
    return show(request, "web/paper.html", context)


def _mark(paper: Paper) -> str:
    """Return the mark of the paper's thumbnail, an annotation of the query, or an empty string."""
    return getattr(paper, "mark", "") or ""


@require_safe
def save(request: HttpRequest, key: str) -> HttpResponseBase:
    """Ask a stranger for an address, to keep the paper for them. Signed-in readers have a button on its page."""
    found = find(key)
    if reader_session.reader_of(request):
        return redirect("digest:paper", found.key)
    kept = LikedPaper(found.key, found.title, is_stored=True, is_saved=True)
    return render(request, "web/save.html", {"paper": found, "packed": liked_papers.pack([kept])})


def _links(paper: Paper, page: str) -> dict[str, object]:
    """Return the links to other sites about the paper, and those that share its `page`."""
    return {
        "elsewhere": paper_links.elsewhere(paper),
        "models": paper_links.models(paper),
        "datasets": paper_links.datasets(paper),
        "page_address": page,
        "sharing": paper_links.sharing(paper.title, page),
        "email_address": paper_links.email(paper.title, page),
    }


def _subscribe_address(paper: Paper, its_topics: Sequence[TopicLabel]) -> str:
    """Return the address of the sign-up form with the paper's topics, or of suggestions if it has none."""
    if its_topics:
        chosen = {"topics": [label.slug for label in its_topics[:MAX_TICKED_TOPICS]]}
        return f"{reverse('subscriptions:subscribe')}?{urlencode(chosen, doseq=True)}"
    return f"{reverse('digest:suggest')}?{urlencode({'like': paper.key})}"


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
    """Return the paper that has or had the key `key`. Raise Http404 if there is none."""
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
