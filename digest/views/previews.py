"""The preview of a digest, shown beside the sign-up form while a visitor ticks topics and types words."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from digest.search import digest_preview
from subscriptions import forms, typed_words
from subscriptions.models import Subscriber
from subscriptions.security.link_tokens import Purpose
from subscriptions.views import preferences
from subscriptions.views.common import for_reader


@csrf_exempt  # nothing is changed, and no cookie is read
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest) -> HttpResponse:
    """Show the preview for the content of the sign-up form: alone for htmx, else within the whole page."""
    data = typed_words.as_sent(request.POST if request.method == "POST" else request.GET)
    context = preview_context(forms.PreferencesForm(data)) | {"preview_at": reverse("digest:preview")}
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "web/_preview.html", context)
    else:
        form = forms.SignUpForm(initial=forms.draft(data))
        response = render(request, "web/subscribe.html", context | {"form": form})
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@for_reader(Purpose.PREFERENCES)
def preview_of_settings(request: HttpRequest, reader: Subscriber, token: str) -> HttpResponse:
    """Show the preview for settings that a reader has changed but not saved yet."""
    data = typed_words.as_sent(request.POST)
    context = preview_context(forms.PreferencesForm(data, reader=reader), reader)
    context["preview_at"] = reverse("digest:preview_of_settings", args=[token])
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "web/_preview.html", context)
    return preferences.show_draft(request, reader, token, data, **context)


def preview_context(form: forms.PreferencesForm, reader: Subscriber | None = None) -> dict[str, Any]:
    """Return the context of the preview's template.

    There is no preview if topics, words or the number of papers have errors. Errors in other fields don't matter.
    """
    readable = form.is_valid() or not {"topics", "words", "max_papers"} & form.errors.keys()
    return {"previewed_form": form, "preview": digest_preview.preview(form.preferences(), reader) if readable else None}
