"""The pages behind the links of a digest to save and rate papers, the reading list, and the learned preferences.

Opening a link records nothing, because mail scanners follow every link. The page has buttons, and opinion.js presses
the one that the link names, once the page is seen.
"""

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.email import reader_urls
from digest.models import Edition, Opinion, Paper
from digest.opinions import feedback, imported_likes
from digest.opinions import reading_list as papers
from digest.personalization import profiles
from digest.site import thumbnails
from digest.views.saved import export_of
from subscriptions.models import Subscriber
from subscriptions.security import reader_session
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import bad_link, for_reader, page_with_button, primary_key

MAX_SHOWN = 500  # papers on the page without an account

Verdict = Opinion.Verdict
CORRECTED = ("undone", "changed", "forgotten")  # on the page of what was learned
ASKED = ("save", Verdict.LIKE.value, Verdict.NOT_FOR_ME.value)  # what links in emails ask for


# The token in a digest identifies reader and edition. It opens this page only, and only for papers of that digest.
@page_with_button
@for_reader(Purpose.OPINION)
def of_a_paper(request: HttpRequest, reader: Subscriber, token: str, pk: int) -> HttpResponse:
    """Show one paper of a reader's digest, and take their opinion on it.

    The page shows what the reader follows, so it is gone once they have unsubscribed.
    """
    if not reader.is_subscribed:
        return bad_link(request, expired=False)
    _, edition_id = reader_urls.read_opinion_token(token)
    paper = get_object_or_404(feedback.papers_of(reader, edition_id), pk=pk)
    if request.method == "POST":
        _act(reader, paper, request.POST.get("opinion", ""))
        return redirect("digest:opinion", token, paper.pk)
    edition = Edition.objects.filter(pk=edition_id).first()
    asked = request.GET.get("opinion", "")
    reasons = feedback.reasons_for(reader, paper, edition_id)
    context = {
        "paper": paper,
        "said": feedback.feedback_on(reader, paper),
        "is_saved": papers.is_saved(reader, paper),
        "came_by": reasons.filters,
        "own_words": profiles.WORDS_KEY,
        "found": reasons.own_words,
        "evidence": reasons.evidence,
        "top_voted_of": reasons.top_voted_of,
        "asked": asked if asked in ASKED else "",
        "edition": edition,
        "digest_token": reader_urls.digest_token(reader.uid.bytes, edition_id) if reasons.is_recorded else "",
    }
    return render(request, "web/opinion.html", context)


def _act(reader: Subscriber, paper: Paper, opinion: str) -> None:
    """Apply `opinion`: one of ASKED, clear, unsave, fewer:<filter> or take-back. Raise Http404 for anything else."""
    verdict, _, filter_key = opinion.partition(":")
    now = timezone.now()
    if opinion == "take-back":
        feedback.clear_rating(reader, paper, now=now)
    elif opinion == "save":
        papers.save(reader, paper, now=now)
    elif opinion == "unsave":
        papers.remove(reader, paper, now=now)
    elif opinion in (Verdict.LIKE, Verdict.NOT_FOR_ME, "clear"):
        feedback.set_verdict(reader, paper, opinion.removeprefix("clear"), now=now)
    elif verdict == Verdict.FEWER and filter_key in feedback.matched_filters(reader, paper):
        feedback.rate(reader, paper, verdict, filter_key, now=now)
    else:
        raise Http404(f"“{opinion}” is not an opinion.")


@page_with_button
@for_reader(Purpose.PREFERENCES)
def learnt(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """Show the ratings and saved papers that were learned from, what they brought, and buttons to take each back."""
    if request.method == "POST":
        done = _correct(reader, request.POST)
        return redirect(reverse("digest:learnt", args=[token]) + f"?{done}=1")
    done = next((name for name in CORRECTED if name in request.GET), "")
    context = {"learned": feedback.learned_from(reader), "subscriber": reader, "done": done, "token": token}
    return render(request, "web/learned.html", context | {"likes_key": profiles.LIKES_KEY})


def _correct(reader: Subscriber, given: QueryDict) -> str:
    """Apply the pressed button of the page of what was learned. Return which of CORRECTED was done."""
    now = timezone.now()
    if pk := primary_key(given.get("rating", "")):
        feedback.clear_rating(reader, get_object_or_404(Paper, pk=pk), now=now)
        return "undone"
    if pk := primary_key(given.get("saved", "")):
        papers.remove(reader, get_object_or_404(Paper, pk=pk), now=now)
        return "undone"
    if pk := primary_key(given.get("outside", "")):
        imported_likes.remove(reader, [pk], now=now)
        return "undone"
    if "follow" in given:
        feedback.follow_likes(reader, given["follow"] == "yes")
        return "changed"
    feedback.reset_filter(reader, given.get("filter", ""), now=now)
    return "forgotten"


@page_with_button
@for_reader(Purpose.PREFERENCES)
def reading_list(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """Show the saved papers to a reader who is not signed in; POST removes one or brings it back."""
    if request.method == "POST":
        now = timezone.now()
        if removed := primary_key(request.POST.get("paper", "")):
            papers.remove(reader, get_object_or_404(Paper, pk=removed), now=now)
            return redirect(reverse("digest:reading_list", args=[token]) + f"?removed={removed}")
        papers.save(reader, get_object_or_404(Paper, pk=primary_key(request.POST.get("restore", ""))), now=now)
        return redirect("digest:reading_list", token)
    if reader_session.reader_of(request) == reader:
        return redirect("digest:saved")
    rows = list(papers.find(reader)[:MAX_SHOWN])
    context = {
        "pictures": thumbnails.of_papers(papers.papers(rows)),
        "rows": rows,
        "removed": primary_key(request.GET.get("removed", "")),
        "is_added": "added" in request.GET,
        "token": token,
        "subscriber": reader,
    }
    return render(request, "web/reading_list.html", context)


@require_safe
@for_reader(Purpose.PREFERENCES)
def reading_list_file(request: HttpRequest, reader: Subscriber, token: str, suffix: str) -> HttpResponse:
    return export_of(papers.find(reader), suffix)
