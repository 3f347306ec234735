"""The readers' doors: sign up, confirm, prefer, pause, unsubscribe.

No view here needs a session or sets a cookie: what a reader may do is proved by the signed token in the
address, which no other site can know. That is why these views are exempt from Django's cookie-based CSRF
check, and why they work in a mail client's browser that keeps no cookies. GET changes nothing anywhere.
"""

import datetime as dt
import logging
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from kombu.exceptions import OperationalError

from subscriptions import forms, links, subscribers, tasks
from subscriptions.links import Purpose
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)
page_with_button = require_http_methods(["GET", "HEAD", "POST"])
ReaderView = Callable[[HttpRequest, Subscriber, str], HttpResponse]


def for_reader(purpose: Purpose) -> Callable[[ReaderView], Callable[..., HttpResponse]]:
    """Give the view the reader whom the token names; answer a bad token with a page that says what to do."""

    def decorate(view: ReaderView) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @never_cache
        @wraps(view)
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            try:
                uid = links.read_token(purpose, token)
                return view(request, Subscriber.objects.get(uid=uid), token)
            except links.ExpiredLinkError:
                return render(request, "web/bad_link.html", {"expired": True}, status=410)
            except (links.ForgedLinkError, Subscriber.DoesNotExist):
                return render(request, "web/bad_link.html", {"expired": False}, status=404)

        return wrapper

    return decorate


@csrf_exempt
@page_with_button
def subscribe(request: HttpRequest) -> HttpResponse:
    """The sign-up form. The answer is the same whether or not the address is known."""
    if request.method != "POST":
        initial = {"topics": request.GET.getlist("topics"), "words": request.GET.get("words", "")}
        return render(request, "web/subscribe.html", {"form": forms.SignUpForm(initial=initial)})
    form = forms.SignUpForm(request.POST)
    if not form.is_valid():
        return render(request, "web/subscribe.html", {"form": form}, status=400)
    if not form.is_by_a_robot():
        subscribers.sign_up(form.cleaned_data["email"], form.wishes(), now=timezone.now())
        _ring_for_notices()
    return redirect("subscriptions:check_your_mail")


@require_safe
def check_your_mail(request: HttpRequest) -> HttpResponse:
    return render(request, "web/check_your_mail.html", {"outbox": settings.DEBUG})


@page_with_button
@for_reader(Purpose.CONFIRM)
def confirm(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """GET shows a button, since mail scanners follow every link; POST confirms."""
    if request.method != "POST":
        return render(request, "web/confirm.html", {"subscriber": subscriber})
    if not subscribers.confirm(subscriber, now=timezone.now()):
        return render(request, "web/bad_link.html", {"expired": True}, status=410)
    preferences_url = reverse("subscriptions:preferences", args=[links.make_token(Purpose.PREFERENCES, subscriber)])
    return render(request, "web/confirmed.html", {"subscriber": subscriber, "preferences_url": preferences_url})


@page_with_button
@for_reader(Purpose.PREFERENCES)
def preferences(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    if request.method != "POST":
        form = forms.WishesForm(initial=forms.initial_wishes(subscriber), reader=subscriber)
        return _preferences_page(request, subscriber, token, form)
    form = forms.WishesForm(request.POST, reader=subscriber)
    if not form.is_valid():
        return _preferences_page(request, subscriber, token, form, status=400)
    subscribers.prefer(subscriber, form.wishes())
    return redirect(reverse("subscriptions:preferences", args=[token]) + "?saved=1")


@require_POST
@for_reader(Purpose.PREFERENCES)
def pause(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    form = forms.PauseForm(request.POST)
    if not form.is_valid():
        stored = forms.WishesForm(initial=forms.initial_wishes(subscriber), reader=subscriber)
        return _preferences_page(request, subscriber, token, stored, status=400)
    until = timezone.now().date() + dt.timedelta(weeks=form.cleaned_data["weeks"])
    subscribers.pause(subscriber, until)
    return redirect("subscriptions:preferences", token)


@require_POST
@for_reader(Purpose.PREFERENCES)
def resume(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    subscribers.resume(subscriber, now=timezone.now())
    return redirect("subscriptions:preferences", token)


@page_with_button
@for_reader(Purpose.UNSUBSCRIBE)
def unsubscribe(request: HttpRequest, subscriber: Subscriber, token: str) -> HttpResponse:
    """One button on GET; done on POST, also by a mail client on its own (RFC 8058: no cookie, no redirect)."""
    if request.method != "POST":
        return render(request, "web/unsubscribe.html", {"done": subscriber.status == Subscriber.Status.UNSUBSCRIBED})
    subscribers.unsubscribe(subscriber, now=timezone.now())
    if "List-Unsubscribe" in request.POST:
        return HttpResponse("You are unsubscribed.\n", content_type="text/plain; charset=utf-8")
    return render(request, "web/unsubscribe.html", {"done": True})


def _preferences_page(
    request: HttpRequest, subscriber: Subscriber, token: str, form: forms.WishesForm, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "pause_form": forms.PauseForm(),
        "subscriber": subscriber,
        "token": token,
        "unsubscribe_token": links.make_token(Purpose.UNSUBSCRIBE, subscriber),
        "saved": "saved" in request.GET,
    }
    return render(request, "web/preferences.html", context, status=status)


def _ring_for_notices() -> None:
    """Have the confirmation sent now. Where no bell can be rung, the minute's tick sends it."""
    try:
        tasks.send_owed_notices.delay()
    except OperationalError:
        logger.warning("The broker can't be reached; the confirmation waits for the next tick")
