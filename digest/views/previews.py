"""What one would get: shown while topics are ticked and words are typed, before any address is given."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.discovery import previewing
from subscriptions import forms


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """The preview of what the form holds: alone for htmx, else in the whole sign-up page.

    Takes the fields of WishesForm. Those that can't be read are named, as the form does it; those that say how the
    digest arrives don't matter here.
    """
    given = request.POST if request.method == "POST" else request.GET
    form = forms.WishesForm(given)
    readable = form.is_valid() or not {"topics", "words", "max_papers"} & form.errors.keys()
    context = {"wishes": form, "preview": previewing.preview(form.wishes()) if readable else None}
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "web/_preview.html", context)
    else:
        sign_up = forms.SignUpForm(initial=_typed(given))
        response = render(request, "web/subscribe.html", context | {"form": sign_up})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _typed(given: QueryDict) -> dict[str, Any]:
    """What the visitor has filled in so far: for the form to show again, and not yet to judge."""
    return {**given.dict(), "topics": given.getlist("topics")}
