"""The pages to sign in by an emailed link, to keep a device signed in, and to sign out."""

from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from subscriptions import forms, outbox
from subscriptions.models import Subscriber
from subscriptions.readers import signup_queue
from subscriptions.security import bot_check, client_ip, devices, link_tokens, reader_session
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import (
    bad_link,
    enqueue_notices,
    for_reader,
    for_signed_in,
    page_with_button,
    primary_key,
    take_post,
)


@csrf_exempt  # the visitor has no session yet, and the answer is the same for every address
@page_with_button
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """Email a sign-in link. The response is the same for every address."""
    if request.method != "POST":
        if reader_session.reader_of(request):
            return redirect("digest:for_you")
        return render(request, "web/sign_in.html", {"form": forms.AddressForm()})
    form = forms.AddressForm(request.POST)
    if not form.is_valid():
        return render(request, "web/sign_in.html", {"form": form}, status=400)
    post = partial(signup_queue.request_sign_in, form.cleaned_data["email"])
    if refusal := take_post(request, form, "web/sign_in.html", post):
        return refusal
    context = {"email": form.cleaned_data["email"], "outbox": settings.DEBUG and outbox.is_in_use()}
    response = render(request, "web/sign_in_sent.html", context, status=202)
    response.headers["Cache-Control"] = "no-store"
    return response


@page_with_button
@for_reader(Purpose.SIGN_IN)
def sign_in(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Show a button on GET, because mail scanners follow every link; sign this device in on POST."""
    if not subscriber.is_subscribed:
        return bad_link(request, expired=True)
    # Another site could sign its visitors in as someone else, and see what they save.
    if request.method != "POST" or not bot_check.is_from_here(request):
        return render(request, "web/sign_in_here.html", {"subscriber": subscriber})
    reader_session.sign_in(request, subscriber)
    return redirect("digest:for_you")


@require_POST
@for_reader(Purpose.PREFERENCES)
def email_link(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Email the reader a sign-in link. This page signs no one in, because digests get forwarded, links included."""
    network = client_ip.visitors_network(request)
    again_at = signup_queue.request_sign_in(subscriber.email, network=network, now=timezone.now())
    if again_at is None:
        enqueue_notices()
    about = "too_often" if again_at else "emailed"
    return redirect(reverse("subscriptions:preferences", args=[token]) + f"?device={about}#devices")


@require_POST
@for_reader(Purpose.PREFERENCES)
def sign_out_device(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Sign out one device on the list of the settings page."""
    devices.revoke(subscriber, primary_key(request.POST.get("device", "")))
    return redirect(reverse("subscriptions:preferences", args=[token]) + "?device=signed_out#devices")


@require_POST
@for_signed_in
def sign_out_here(request: HttpRequest, reader: Subscriber) -> HttpResponse:
    """Sign out this device only."""
    reader_session.sign_out(request)
    return redirect("digest:latest")


def settings_of(reader: Subscriber) -> HttpResponse:
    """Return a redirect to the settings of the signed-in reader.

    The link works for a day only, because it stays in the browser's history after the reader has signed out.
    """
    response = redirect("subscriptions:preferences", link_tokens.make_token(Purpose.SETTINGS, reader))
    response.headers["Cache-Control"] = "no-store"
    return response
