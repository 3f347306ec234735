"""The pages “Start from papers”: a visitor or a reader names papers, and chooses from what follows from them.

Nothing is stored until they press a button that says so. Until then, the papers travel in a hidden field of the page.
"""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.models import Paper
from digest.opinions import imported_likes
from digest.search import (
    arxiv_lookup,
    author_profiles,
    citation_files,
    citation_parser,
    cited_papers,
    topic_suggestions,
)
from digest.search.author_profiles import UnreadProfile
from digest.search.cited_papers import CitedPaper, CitedPapers
from digest.search.topic_suggestions import Suggestion
from digest.views.papers import find
from digest.views.previews import preview_context
from subscriptions import forms
from subscriptions.models import Subscriber
from subscriptions.query.grammar import MAX_SENTENCE_LENGTH
from subscriptions.readers import follows, liked_papers
from subscriptions.security import abuse_limits, client_ip
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import for_reader, page_with_button, primary_key, trace


@dataclass(frozen=True)
class SubmittedPapers:
    """The form as it was sent: the papers so far, those that are ticked, and new ones from the box or a file."""

    papers: tuple[CitedPaper, ...] = ()
    kept: frozenset[int] = frozenset()  # positions in `papers`
    text: str = ""
    added: CitedPapers = field(default_factory=CitedPapers)
    unread_profiles: tuple[UnreadProfile, ...] = ()
    is_new: bool = False  # papers were added, so filters are proposed again
    problem: str = ""

    @property
    def kept_papers(self) -> list[CitedPaper]:
        return [paper for number, paper in enumerate(self.papers) if number in self.kept]


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest) -> HttpResponse:
    """Show the box to paste into. POST adds what follows from the papers, GET with `like` what follows from one."""
    if key := request.GET.get("like", ""):
        return _like(request, find(key))
    return _page(request, _read(request)) if request.method == "POST" else _page(request, SubmittedPapers())


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest) -> HttpResponse:
    """Show the sign-up form, filled in with the ticked suggestions and papers."""
    if request.method != "POST":
        return redirect("digest:suggest")
    given = _read(request)
    if given.is_new or given.problem:  # the visitor pasted more, and has not seen yet what follows from it
        return _page(request, given)
    chosen = {
        "topics": request.POST.getlist("topics"),
        "words": topic_suggestions.as_filter_words(request.POST.getlist("words")),
        "likes": liked_papers.pack(cited_papers.as_liked(given.kept_papers)),
    }
    return render(request, "web/subscribe.html", {"form": forms.SignUpForm(initial=chosen)})


@page_with_button
@for_reader(Purpose.PREFERENCES)
def suggest_to_reader(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """Show the same page to a reader. The button `keep` adds the papers and filters to what they have."""
    if request.method != "POST":
        return _page(request, SubmittedPapers(), reader, token)
    if "remove" in request.POST:
        imported_likes.remove(reader, list(map(primary_key, request.POST.getlist("outside"))), now=timezone.now())
        return redirect(reverse("digest:suggest_to_reader", args=[token]) + "?removed=1")
    given = _read(request, reader)
    if "keep" not in request.POST or given.is_new or given.problem:
        return _page(request, given, reader, token)
    form = _preferences_with(request.POST.getlist("topics"), request.POST.getlist("words"), reader)
    if not form.is_valid():
        return _page(request, given, reader, token, is_refused=True)
    liked = cited_papers.as_liked(given.kept_papers)
    try:
        imported_likes.start(reader, form.preferences(), liked, now=timezone.now(), trace=trace(request))
    except imported_likes.TooManyLikesError:
        return _page(request, given, reader, token, is_full=True, most_outside=imported_likes.MAX_OUTSIDE)
    return redirect(reverse("subscriptions:preferences", args=[token]) + "?saved=1")


def _like(request: HttpRequest, paper: Paper) -> HttpResponse:
    """Suggest topics and phrases for more papers like this one. If there are none, follow the paper's title."""
    suggestion = topic_suggestions.suggest([paper])
    if not suggestion.topics and not suggestion.words:
        words = f"about: {paper.title[:MAX_SENTENCE_LENGTH]}"
        return redirect(f"{reverse('subscriptions:subscribe')}?{urlencode({'words': words})}")
    return _page(request, SubmittedPapers((paper,), frozenset([0]), is_new=True))


def _read(request: HttpRequest, reader: Subscriber | None = None) -> SubmittedPapers:
    """Return what the form says."""
    post, problem, uploaded = request.POST, "", ""
    try:
        papers = tuple(cited_papers.from_liked(liked_papers.unpack(post.get("found", ""))))
    except liked_papers.DamagedListError:
        papers, problem = (), "damaged"
    kept = frozenset(number for number in range(len(papers)) if str(number) in set(post.getlist("paper")))
    text = post.get("papers", "")
    if file := request.FILES.get("file"):
        try:
            uploaded = citation_files.decode(file.read(citation_files.LARGEST + 1))
        except citation_files.FileError as error:
            problem = error.problem
    if problem or not (text.strip() or uploaded):
        problem = problem or ("" if papers else "nothing")
        return SubmittedPapers(papers, kept, text[: citation_parser.LONGEST], problem=problem)
    profiles, rest = author_profiles.cut_addresses(text)
    further, unread = author_profiles.read_all(profiles, lambda: _may_ask(request, reader))
    added = cited_papers.read(rest, uploaded, further=further)
    missing = added.unknown_at_arxiv
    if missing and settings.READ_PROFILES and _may_ask(request, reader):
        added = cited_papers.read(rest, uploaded, further=[*further, *arxiv_lookup.find(missing)])
    known = {paper.key for paper in papers}
    new = tuple(paper for paper in added.papers if paper.key not in known)
    every = (*papers, *new)[: citation_parser.MAX_CITED]
    kept |= frozenset(range(len(papers), len(every)))
    is_full = added.is_full or len(papers) + len(new) > len(every) or len(text) > citation_parser.LONGEST
    shown = text[: citation_parser.LONGEST] if unread or not every else ""
    return SubmittedPapers(every, kept, shown, CitedPapers(new, added.unread, is_full), tuple(unread), is_new=True)


def _may_ask(request: HttpRequest, reader: Subscriber | None) -> bool:
    """Count a request to another service. Return False if the visitor, or the site, has reached the limit."""
    visitor = reader.uid.hex if reader else client_ip.visitors_network(request)
    return not abuse_limits.refused_by(*abuse_limits.profile_limits(visitor), now=timezone.now())


def _suggestion(request: HttpRequest, given: SubmittedPapers, reader: Subscriber | None) -> Suggestion:
    """Return the filters for the kept papers, with the visitor's own ticks unless papers were added."""
    found = topic_suggestions.suggest(given.kept_papers)
    if not given.is_new:
        found = topic_suggestions.with_ticks(found, request.POST.getlist("topics"), request.POST.getlist("words"))
    return topic_suggestions.without(found, follows.followed(reader)) if reader else found


def _preferences_with(topics: list[str], words: list[str], reader: Subscriber | None) -> forms.PreferencesForm:
    """Return the filled-in form of the reader's preferences, or of the defaults, with these filters added."""
    present: dict[str, Any] = forms.initial_preferences(reader) if reader else {"topics": [], "words": ""}
    slugs = dict.fromkeys([*(topic.slug for topic in present["topics"]), *topics])
    together = "\n".join(filter(None, [present["words"], *dict.fromkeys(words)]))
    return forms.PreferencesForm(present | {"topics": list(slugs), "words": together}, reader=reader)


def _page(
    request: HttpRequest, given: SubmittedPapers, reader: Subscriber | None = None, token: str = "", **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {
        "given": given,
        "problem": given.problem,
        "most": citation_parser.MAX_CITED,
        "longest": citation_parser.LONGEST,
        "reads_profiles": settings.READ_PROFILES,
        "most_profiles": author_profiles.MAX_PROFILES,
        "megabytes": citation_files.LARGEST // 2**20,
        "subscriber": reader,
        "token": token,
        "outside": list(imported_likes.outside_papers(reader)) if reader else [],
        "removed": "removed" in request.GET,
        "is_full": False,
        "is_refused": False,
    }
    if given.papers:
        suggestion = _suggestion(request, given, reader)
        form = _preferences_with(suggestion.ticked_topics, suggestion.ticked_words, reader)
        context |= {
            "suggestion": suggestion,
            "found": liked_papers.pack(cited_papers.as_liked(given.papers)),
            **preview_context(form, reader),
        }
    return render(request, "web/suggest.html", context | more)
