"""Where the links “Like” and “Not for me” in a digest lead, and what comes of them: reading list, and what was learnt.

A link shows a page with buttons, and only a button says anything: mail scanners follow every link.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import feedback
from digest.email import reader_urls
from digest.models import Opinion, Paper
from digest.personalization import profiles
from digest.site import citations
from subscriptions.models import Subscriber
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import bad_link, for_reader, page_with_button

LONGEST_NUMBER = 15  # digits of what a form names a paper by

Verdict = Opinion.Verdict


# The token names reader and edition, and comes with each digest: it opens no more than this page, of its papers.
@page_with_button
@for_reader(Purpose.OPINION)
def of_a_paper(request: HttpRequest, reader: Subscriber, token: str, pk: int) -> HttpResponse:
    """The page of one paper in one reader's digest. It says what they follow: nothing more once they have left."""
    if not reader.is_subscribed:
        return bad_link(request, expired=False)
    _, edition_id = reader_urls.read_opinion_token(token)
    paper = get_object_or_404(feedback.papers_of(reader, edition_id), pk=pk)
    if request.method == "POST":
        _act(reader, paper, request.POST.get("opinion", ""))
        return redirect("digest:opinion", token, paper.pk)
    context = {
        "paper": paper,
        "said": feedback.feedback_on(reader, paper),
        "came_by": feedback.matched_filters(reader, paper),
        "own_words": profiles.WORDS_KEY,
        "found": feedback.own_words_in(reader, paper),
        "asked": request.GET.get("opinion", ""),
    }
    return render(request, "web/opinion.html", context)


def _act(reader: Subscriber, paper: Paper, opinion: str) -> None:
    """like, not-for-me, fewer:<filter>, or nothing any more: take-back. Raises Http404 for anything else."""
    verdict, _, filter_key = opinion.partition(":")
    if opinion == "take-back":
        feedback.clear_rating(reader, paper)
    elif opinion in (Verdict.LIKE, Verdict.NOT_FOR_ME):
        feedback.rate(reader, paper, opinion, now=timezone.now())
    elif verdict == Verdict.FEWER and filter_key in feedback.matched_filters(reader, paper):
        feedback.rate(reader, paper, verdict, filter_key, now=timezone.now())
    else:
        raise Http404(f"“{opinion}” is no opinion.")


@page_with_button
@for_reader(Purpose.PREFERENCES)
def learnt(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """What was learnt for each filter, and a button to forget it."""
    if request.method == "POST":
        feedback.reset_filter(reader, request.POST.get("filter", ""), now=timezone.now())
        return redirect(reverse("digest:learnt", args=[token]) + "?forgotten=1")
    context = {"learnt": feedback.learned_filters(reader), "reader": reader, "forgotten": "forgotten" in request.GET}
    return render(request, "web/learnt.html", context | {"token": token})


@page_with_button
@for_reader(Purpose.PREFERENCES)
def reading_list(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """The papers that the reader likes; POST takes one off."""
    if request.method == "POST":
        pk = request.POST.get("paper", "")
        is_number = pk.isdecimal() and len(pk) <= LONGEST_NUMBER
        feedback.clear_rating(reader, get_object_or_404(Paper, pk=int(pk) if is_number else 0))
        return redirect(reverse("digest:reading_list", args=[token]) + "?removed=1")
    context = {"papers": feedback.reading_list(reader), "removed": "removed" in request.GET, "token": token}
    return render(request, "web/reading_list.html", context)


@require_safe
@for_reader(Purpose.PREFERENCES)
def reading_list_bib(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    return _file("reading-list.bib", citations.bibtex(feedback.reading_list(reader)), citations.BIBTEX_TYPE)


@require_safe
@for_reader(Purpose.PREFERENCES)
def reading_list_ris(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    return _file("reading-list.ris", citations.ris(feedback.reading_list(reader)), citations.RIS_TYPE)


def _file(name: str, text: str, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Robots-Tag": "noindex"}
    return HttpResponse(text, content_type, headers=headers)
