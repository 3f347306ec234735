"""What one would get: shown while topics are ticked and words are typed, before any address is given."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from digest.search import digest_preview
from subscriptions import forms
from subscriptions.models import Subscriber
from subscriptions.security.link_tokens import Purpose
from subscriptions.views import preferences
from subscriptions.views.common import for_reader


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """The preview of what the sign-up form holds: alone for htmx, else in the whole page."""
    given = request.POST if request.method == "POST" else request.GET
    seen = _see(forms.PreferencesForm(given))
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "web/_preview.html", seen)
    else:
        response = render(request, "web/subscribe.html", seen | {"form": forms.SignUpForm(initial=forms.draft(given))})
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@for_reader(Purpose.PREFERENCES)
def preview_of_settings(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """The same of what a reader has changed in their settings, and not saved yet."""
    seen = _see(forms.PreferencesForm(request.POST, reader=reader), reader)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "web/_preview.html", seen)
    return preferences.show_draft(request, reader, token, **seen)


def _see(wishes: forms.PreferencesForm, reader: Subscriber | None = None) -> dict[str, Any]:
    """For the template of the preview. Fields that can't be read are named, as the form does it; those that say how the
    digest arrives don't matter here."""
    readable = wishes.is_valid() or not {"topics", "words", "max_papers"} & wishes.errors.keys()
    return {"wishes": wishes, "preview": digest_preview.preview(wishes.wishes(), reader) if readable else None}
