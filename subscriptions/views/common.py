"""What the readers' doors share: who the token names, by which way they came, and the bell for the worker."""

import logging
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from kombu.exceptions import OperationalError

from subscriptions import tasks
from subscriptions.models import Subscriber
from subscriptions.readers.consents import Trace
from subscriptions.security import client_ip, link_tokens
from subscriptions.security.link_tokens import Purpose

logger = logging.getLogger(__name__)
page_with_button = require_http_methods(["GET", "HEAD", "POST"])
View = Callable[..., HttpResponse]


def for_reader(purpose: Purpose) -> Callable[[View], View]:
    """Give the view the reader whom the token names, before the token, in the language of the address, else of the
    reader; answer a bad token with a page that says what to do."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @never_cache
        @wraps(view)
        def wrapper(request: HttpRequest, token: str, **more: object) -> HttpResponse:
            try:
                link = link_tokens.read(purpose, token)
                reader = Subscriber.objects.get(uid=link.uid)
                language = getattr(request, "language_prefix", "") or reader.language
                with translation.override(language):
                    is_current = link.is_current(reader)
                    response = view(request, reader, token, **more) if is_current else signed_out_link(request)
                    response.headers["Content-Language"] = language
                    return response
            except link_tokens.ExpiredLinkError:
                return bad_link(request, expired=True)
            except (link_tokens.ForgedLinkError, Subscriber.DoesNotExist):
                return bad_link(request, expired=False)

        return wrapper

    return decorate


def bad_link(request: HttpRequest, *, expired: bool) -> HttpResponse:
    """The page that says what to do instead, which depends on where the link would have led."""
    match = request.resolver_match
    context = {"expired": expired, "door": match.url_name if match else ""}
    return render(request, "web/bad_link.html", context, status=410 if expired else 404)


def signed_out_link(request: HttpRequest) -> HttpResponse:
    """Return the page for a link that the reader has signed out, which offers to email a fresh one."""
    return render(request, "web/bad_link.html", {"expired": False, "signed_out": True}, status=410)


def trace(request: HttpRequest, where: str = "") -> Trace:
    """For the log of consents; `where` is by default the door itself, without the token."""
    match = request.resolver_match
    where = _printable(where or (match.url_name or "" if match else ""))
    if not settings.RECORD_IP_ADDRESSES:
        return Trace(where)
    browser = _printable(request.headers.get("User-Agent", ""))
    return Trace(where, ip=client_ip.client_address(request), user_agent=browser)


def enqueue_notices() -> None:
    """Have the mail sent now. Where no bell can be rung, the minute's tick sends it."""
    if not _enqueue(tasks.send_owed_notices.delay):
        logger.warning("The broker can't be reached; the mail waits for the next tick")


def enqueue_erasure_notice(address: str, language: str) -> None:
    """Have the last mail sent. Where no bell can be rung, none is: the address is kept nowhere."""
    if not _enqueue(tasks.tell_of_erasure.delay, address, language):
        logger.warning("The broker can't be reached; an erased reader gets no last mail")


def _enqueue(bell: Callable[..., object], *arguments: str) -> bool:
    try:
        bell(*arguments)
    except OperationalError:
        return False
    return True


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:200] if letter.isprintable())
