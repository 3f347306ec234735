"""The pages to unsubscribe, to give a reason, and to resubscribe."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from subscriptions import forms
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import bad_link, enqueue_notices, for_reader, page_with_button, trace


@page_with_button
@for_reader(Purpose.UNSUBSCRIBE)
def unsubscribe(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Show a button on GET; unsubscribe on POST, also from a mail client (RFC 8058: no cookie, no redirect)."""
    if request.method != "POST":
        return _page(request, subscriber, token)
    one_click = _is_one_click(request)
    by = trace(request, where="one-click" if one_click else "unsubscribe")
    # A reader who unsubscribes on the page gets a goodbye, because it may have been someone with a forwarded digest.
    # The task is not started at once: an undo within the minute cancels the email.
    lifecycle.unsubscribe(subscriber, now=timezone.now(), trace=by, say_goodbye=not one_click)
    if one_click:
        return HttpResponse("You are unsubscribed.\n", content_type="text/plain; charset=utf-8")
    return _page(request, subscriber, token)


@require_POST
@for_reader(Purpose.UNSUBSCRIBE)
def reduce_emails(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Send the reader fewer emails instead of none, as they choose on the page."""
    is_done = lifecycle.reduce_emails(
        subscriber, request.POST.get("offer", ""), now=timezone.now(), trace=trace(request)
    )
    enqueue_notices()
    subscriber.refresh_from_db()
    return _page(request, subscriber, token, status=200 if is_done else 429, less=is_done, too_often=not is_done)


@require_POST
@for_reader(Purpose.UNSUBSCRIBE)
def reason(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Store the reason for unsubscribing, which is optional."""
    form = forms.FarewellForm(request.POST)
    if not form.is_valid():
        return _page(request, subscriber, token, farewell_form=form, status=400)
    given = form.cleaned_data
    lifecycle.record_reason(subscriber, given["reason"], given["remark"], now=timezone.now())
    return _page(request, subscriber, token, thanks=True)


@page_with_button
@for_reader(Purpose.RESUBSCRIBE)
def resubscribe(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Resubscribe, as before or with fewer emails.

    The page has no link to the settings, because the link to unsubscribe must not lead to them. The next digest has.
    """
    if request.method != "POST":
        return render(request, "web/come_back.html", {"subscriber": subscriber, "done": subscriber.is_subscribed})
    offer = request.POST.get("offer", "")
    if not lifecycle.resubscribe(subscriber, offer, now=timezone.now(), trace=trace(request)):
        return bad_link(request, expired=True)
    return render(request, "web/come_back.html", {"subscriber": subscriber, "done": True})


def _page(request: HttpRequest, subscriber: Subscriber, token: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "subscriber": subscriber,
        "languages_of": reverse("subscriptions:unsubscribe", args=[token]),
        "less": False,
        "too_often": False,
        "done": subscriber.status in (Subscriber.Status.UNSUBSCRIBED, Subscriber.Status.SUPPRESSED),
        "may_return": lifecycle.may_resubscribe(subscriber, timezone.now()),
        "token": token,
        "come_back_token": link_tokens.make_token(Purpose.RESUBSCRIBE, subscriber),
        "farewell_form": forms.FarewellForm(),
        "thanks": False,
    } | more
    return render(request, "web/unsubscribe.html", context, status=status)


def _is_one_click(request: HttpRequest) -> bool:
    """Return whether a mail client sent this: by a field in the body, or a body that can't be read."""
    try:
        return "List-Unsubscribe" in request.POST
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return True
