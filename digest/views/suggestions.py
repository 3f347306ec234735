"""Topic suggestions: a visitor pastes papers, ticks topics and phrases of them, and goes on to the sign-up form."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from digest.models import Paper
from digest.search import citation_files, citation_parser, topic_suggestions
from digest.search.topic_suggestions import Suggestion
from digest.views.papers import find
from subscriptions.query.grammar import MAX_SENTENCE_LENGTH


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest) -> HttpResponse:
    """Show the box to paste into. POST adds the suggestions for its content, GET with `like` those for one paper."""
    if key := request.GET.get("like", ""):
        return _like(request, find(key))
    text, uploaded, problem = request.POST.get("papers", ""), "", ""
    if file := request.FILES.get("file"):
        try:
            uploaded = citation_files.decode(file.read(citation_files.LARGEST + 1))
        except citation_files.FileError as error:
            problem = error.problem
    is_given = bool(text.strip() or uploaded) and not problem
    suggestion = topic_suggestions.suggest(text, uploaded) if is_given else None
    is_cut = len(text) > citation_parser.LONGEST or bool(suggestion and suggestion.is_full)
    if request.method == "POST" and not is_given:
        problem = problem or "nothing"
    return _page(request, text[: citation_parser.LONGEST], suggestion, problem=problem, is_cut=is_cut)


@require_safe
def take(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-up form, filled in with the ticked suggestions."""
    chosen = {
        "topics": request.GET.getlist("topics"),
        "words": topic_suggestions.as_filter_words(request.GET.getlist("words")),
    }
    return redirect(f"{reverse('subscriptions:subscribe')}?{urlencode(chosen, doseq=True)}")


def _like(request: HttpRequest, paper: Paper) -> HttpResponse:
    """Suggest topics and phrases for more papers like this one. If there are none, follow the paper's title."""
    suggestion = topic_suggestions.suggest_like(paper)
    if not suggestion.topics and not suggestion.words:
        words = f"about: {paper.title[:MAX_SENTENCE_LENGTH]}"
        return redirect(f"{reverse('subscriptions:subscribe')}?{urlencode({'words': words})}")
    return _page(request, paper.title, suggestion)


def _page(
    request: HttpRequest, text: str, suggestion: Suggestion | None, *, problem: str = "", is_cut: bool = False
) -> HttpResponse:
    context = {"text": text, "suggestion": suggestion, "problem": problem, "is_cut": is_cut}
    megabytes = citation_files.LARGEST // 2**20
    limits = {"most": citation_parser.MOST, "longest": citation_parser.LONGEST, "megabytes": megabytes}
    return render(request, "web/suggest.html", {**context, **limits})
