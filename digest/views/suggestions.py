"""Paste papers, tick what they are about, subscribe."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from digest import references, suggesting


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest) -> HttpResponse:
    """The box to paste into; on POST also what was made of it."""
    text = request.POST.get("papers", "")
    suggestion = suggesting.suggest(text) if text.strip() else None
    context = {
        "text": text[: references.LONGEST],
        "suggestion": suggestion,
        "is_empty": request.method == "POST" and suggestion is None,
        "is_cut": len(text) > references.LONGEST or bool(suggestion and suggestion.is_full),
        "most": references.MOST,
    }
    return render(request, "web/suggest.html", context)


@require_safe
def take(request: HttpRequest) -> HttpResponse:
    """To the sign-up form, with what was ticked filled in."""
    chosen = {"topics": request.GET.getlist("topics"), "words": suggesting.words(request.GET.getlist("words"))}
    return redirect(f"{reverse('subscriptions:subscribe')}?{urlencode(chosen, doseq=True)}")
