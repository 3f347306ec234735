"""The pages to sign up, to confirm, and to get a lost link to the settings."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from subscriptions import email_addresses, forms, outbox
from subscriptions.models import Subscriber
from subscriptions.readers import consents, lifecycle, signup_queue
from subscriptions.readers.consents import Trace
from subscriptions.security import bot_check, link_tokens, reader_session, send_times
from subscriptions.security.link_tokens import Purpose
from subscriptions.views.common import (
    bad_link,
    enqueue_notices,
    for_reader,
    is_search,
    page_with_button,
    take_post,
    trace,
)
from subscriptions.views.sign_in import settings_of


@csrf_exempt
@page_with_button
def subscribe(request: HttpRequest) -> HttpResponse:
    """Show and take the sign-up form. The response is the same whether or not the address is known."""
    given = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" or forms.is_draft(given):
        form = forms.SignUpForm(initial=forms.draft(given))
        return render(request, "web/_found_topics.html" if is_search(request) else "web/subscribe.html", {"form": form})
    form = forms.SignUpForm(request.POST)
    if not form.is_valid():
        return render(request, "web/subscribe.html", {"form": form}, status=400)
    preferences, by = form.preferences(), _trace_of_sign_up(request)
    post = partial(signup_queue.request_signup, form.cleaned_data["email"], preferences, by)
    return _accept(request, form, "web/subscribe.html", post)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Show the page after a sign-up in another language, without the address: it would be in the URL."""
    context = {"lost_link": False, "is_sent": True, "email": "", "kept": [], "sent": "", "wait_minutes": 0}
    return render(request, "web/check_your_email.html", context | {"meant": "", "outbox": False})


@page_with_button
@for_reader(Purpose.CONFIRM)
def confirm(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Show a button on GET, because mail scanners follow every link; confirm on POST."""
    is_first_time = subscriber.awaits_confirmation
    papers = lifecycle.requested_papers(subscriber) if is_first_time else ()
    if request.method != "POST":
        shown, follows = lifecycle.preview_of_confirmation(subscriber)
        return render(request, "web/confirm.html", {"subscriber": shown, "follows": follows, "papers": papers})
    saved = [paper for paper in papers if paper.is_saved]
    # A form of another site, or a program, may have shown another wording, so this page shows ours, too.
    by = replace(trace(request), text=consents.known_version(request.POST.get("consent", "")))
    if not lifecycle.confirm(subscriber, now=timezone.now(), trace=by):
        return bad_link(request, expired=True)
    enqueue_notices()
    # The link works for days, so it signs a device in only once.
    if is_first_time and request.POST.get("keep") and bot_check.is_from_here(request):
        reader_session.sign_in(request, subscriber)
    token = link_tokens.make_token(Purpose.SETTINGS, subscriber)
    context = {"subscriber": subscriber, "token": token, "saved": saved, "languages_of": request.path_info}
    return render(request, "web/confirmed.html", context | _first_choice(subscriber))


@require_POST
@for_reader(Purpose.PREFERENCES)
def first_topics(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """Follow the topics that a reader chose on the page after the confirmation."""
    form = forms.PreferencesForm(request.POST, reader=subscriber)
    if form.is_valid():
        lifecycle.add_topics(subscriber, form.cleaned_data["topics"], trace=trace(request))
    page = reverse("subscriptions:preferences", args=[token])
    context = {"subscriber": subscriber, "token": token, "saved": [], "languages_of": page}
    status = 200 if form.is_valid() else 400
    return render(request, "web/confirmed.html", context | _first_choice(subscriber), status=status)


def _first_choice(subscriber: Subscriber) -> dict[str, object]:
    """Return what a reader follows, and topics to choose from for one who follows nothing."""
    follows = list(subscriber.filters.select_related("topic"))
    return {"follows": follows, "offered": [] if follows else forms.PreferencesForm().popular()}


@csrf_exempt
@never_cache
@require_POST
def new_confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """Email a new link in place of an expired one, which was emailed to the same address. The choice is kept."""
    try:
        uid = link_tokens.uid_of_expired(Purpose.CONFIRM, token)
        reader = Subscriber.objects.get(uid=uid)
    except (link_tokens.ForgedLinkError, Subscriber.DoesNotExist):
        return bad_link(request, expired=False)
    with translation.override(getattr(request, "language_prefix", "") or reader.language):
        is_sent = lifecycle.queue_link(reader.email, now=timezone.now())
        enqueue_notices()
        context = {"subscriber": reader, "is_sent": is_sent}
        return render(request, "web/new_link.html", context, status=202 if is_sent else 429)


@csrf_exempt
@page_with_button
def lost_link(request: HttpRequest) -> HttpResponse:
    """Email a lost link to the settings. Here too, the response is the same for every address."""
    if request.method != "POST":
        if reader := reader_session.reader_of(request):
            return settings_of(reader)
        return render(request, "web/lost_link.html", {"form": forms.AddressForm()})
    form = forms.AddressForm(request.POST)
    if not form.is_valid():
        return render(request, "web/lost_link.html", {"form": form}, status=400)
    post = partial(signup_queue.request_link, form.cleaned_data["email"])
    return _accept(request, form, "web/lost_link.html", post)


def _accept(
    request: HttpRequest, form: forms.AddressForm, template: str, post: Callable[..., dt.datetime | None]
) -> HttpResponse:
    """Store the post of a valid form, unless it is a robot's or too soon, and say what comes."""
    now, email = timezone.now(), form.cleaned_data["email"]
    sent = send_times.read(email, request.POST.get("sent", ""))
    is_due = send_times.next_at(sent, now=now) <= now
    if is_due and (refusal := take_post(request, form, template, post)):
        return refusal
    context: dict[str, object] = {"lost_link": template == "web/lost_link.html", "is_sent": is_due}
    return _check_your_email(request, form, [*sent, now] if is_due else sent, context)


def _check_your_email(
    request: HttpRequest, form: forms.AddressForm, sent: list[dt.datetime], context: dict[str, object]
) -> HttpResponse:
    """Return a page with the typed address, to correct it. A redirect would put the address into logs."""
    email, now = form.cleaned_data["email"], timezone.now()
    kept = [name for name in (*form.fields, "consent") if name not in ("email", "website")]
    context |= {
        "email": email,
        "meant": email_addresses.suggest_correction(email),
        "kept": [(name, value) for name in kept for value in request.POST.getlist(name)],
        "sent": send_times.write(email, sent),
        "wait_minutes": _minutes(send_times.next_at(sent, now=now) - now),
        "outbox": settings.DEBUG and outbox.is_in_use(),
        "languages_of": reverse("subscriptions:lost_link" if context["lost_link"] else "subscriptions:sent"),
    }
    response = render(request, "web/check_your_email.html", context, status=202)
    response.headers["Cache-Control"] = "no-store"
    return response


def _minutes(wait: dt.timedelta) -> int:
    return math.ceil(wait.total_seconds() / 60)


def _trace_of_sign_up(request: HttpRequest) -> Trace:
    """Return the trace with the page of the form and the version of the consent text on it."""
    by = trace(request, where=bot_check.page_of_form(request))
    return replace(by, text=consents.known_version(request.POST.get("consent", "")))
