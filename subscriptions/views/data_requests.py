"""The pages to export and erase a reader's personal data."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from subscriptions import forms
from subscriptions.models import Subscriber
from subscriptions.readers import personal_data
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import enqueue_notices, for_reader, page_with_button, trace


@require_POST
@for_reader(Purpose.PREFERENCES)
def ask_for_data(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Email the reader a link to their data, because a visitor may have this page from a forwarded digest."""
    asked = personal_data.ask_for_link(subscriber, now=timezone.now())
    enqueue_notices()
    return redirect(reverse("subscriptions:preferences", args=[token]) + f"?data={asked}#data")


@page_with_button
@for_reader(Purpose.DATA)
def my_data(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Return all data about the reader as a JSON file, on POST from the page behind the emailed link."""
    if request.method != "POST":
        return render(request, "web/my_data.html", {"subscriber": subscriber})
    data = personal_data.export(subscriber, now=timezone.now())
    response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@page_with_button
@for_reader(Purpose.PREFERENCES)
def erase(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Erase the reader for good if the visitor knows the address, and send a last email about it."""
    is_asked = request.method == "POST"
    form = forms.KnownAddressForm(request.POST if is_asked else None, reader=subscriber)
    if not form.is_valid():
        context = {"subscriber": subscriber, "token": token, "form": form, "done": False}
        return render(request, "web/erase.html", context, status=400 if is_asked else 200)
    personal_data.erase(subscriber, trace(request), notified_at=timezone.now())
    enqueue_notices()
    return render(request, "web/erase.html", {"done": True})
