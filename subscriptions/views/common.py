"""Helpers of the readers' pages: the reader of a token, error pages, the trace for consents, and starting tasks."""

import datetime as dt
import logging
import math
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from kombu.exceptions import OperationalError

from subscriptions import tasks
from subscriptions.forms import AddressForm
from subscriptions.models import Subscriber
from subscriptions.readers.consents import Trace
from subscriptions.security import bot_check, client_ip, link_tokens, reader_session
from subscriptions.security.link_tokens import Purpose

logger = logging.getLogger(__name__)
page_with_button = require_http_methods(["GET", "HEAD", "POST"])
View = Callable[..., HttpResponse]
MAX_DIGITS = 15  # of a primary key


def for_reader(purpose: Purpose) -> Callable[[View], View]:
    """Return a decorator that passes the token's reader to the view and answers a bad token with a page of advice.

    The language is that of the URL, else the reader's.
    """

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
                return bad_link(request, expired=True, token=token)
            except (link_tokens.ForgedLinkError, Subscriber.DoesNotExist):
                return bad_link(request, expired=False)

        return wrapper

    return decorate


def for_signed_in(view: View) -> View:
    """Pass the signed-in reader to a view. Lead strangers to the page that emails a sign-in link.

    The reader's cookie is the proof, so these views keep Django's CSRF check.
    """

    @never_cache
    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **more: object) -> HttpResponse:
        reader = reader_session.reader_of(request)
        if reader is not None:
            return view(request, reader, *args, **more)
        if is_by_script(request):
            return JsonResponse({"message": _("You are signed out on this device.")}, status=401)
        return redirect("subscriptions:ask_to_sign_in")

    return wrapper


def is_by_script(request: HttpRequest) -> bool:
    """Return whether actions.js sent the request. It expects JSON."""
    return request.headers.get("X-Requested-With") == "fetch"


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Return the address in the field `back` if it is a page of this site, else the address of a view."""
    address = request.POST.get("back", "")
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_ours else reverse(otherwise)


def primary_key(text: str) -> int:
    """Return the primary key that a form or an address names, or 0, which no row has."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 0


def bad_link(request: HttpRequest, *, expired: bool, token: str = "") -> HttpResponse:
    """Return the page for an invalid link. Its advice depends on the page that the link was for.

    An expired `token` that confirms a subscription can bring a new one.
    """
    match = request.resolver_match
    context = {"expired": expired, "door": match.url_name if match else "", "token": token}
    return render(request, "web/bad_link.html", context, status=410 if expired else 404)


def signed_out_link(request: HttpRequest) -> HttpResponse:
    """Return the page for a link that the reader has signed out, which offers to email a fresh one."""
    return render(request, "web/bad_link.html", {"expired": False, "signed_out": True}, status=410)


def is_search(request: HttpRequest) -> bool:
    """Return whether the script of the form asks for the topics that its search finds, and for nothing else."""
    return bool(getattr(request, "htmx", False)) and "show" in request.POST


def take_post(
    request: HttpRequest, form: AddressForm, template: str, post: Callable[..., dt.datetime | None]
) -> HttpResponse | None:
    """Store the post of a valid form with an address, unless it is a robot's.

    Return the form to send again if it came from elsewhere or the network has reached its limit, else None.
    """
    if form.is_by_a_robot():
        return None
    if not bot_check.is_deliberate(request):
        return render(request, template, {"form": form, "once_more": True})
    now = timezone.now()
    if again_at := post(network=client_ip.visitors_network(request), now=now):
        return _too_many(request, template, form, again_at - now)
    enqueue_notices()
    return None


def _too_many(request: HttpRequest, template: str, form: AddressForm, wait: dt.timedelta) -> HttpResponse:
    """Return the filled-in form, to send again after `wait`. This depends on the network, never on the address."""
    seconds = math.ceil(max(wait.total_seconds(), 1))
    response = render(request, template, {"form": form, "wait_minutes": math.ceil(seconds / 60)}, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def trace(request: HttpRequest, where: str = "") -> Trace:
    """Return the origin of the request for the log of consents. `where` is by default the name of the URL."""
    match = request.resolver_match
    where = _printable(where or (match.url_name or "" if match else ""))
    if not settings.RECORD_IP_ADDRESSES:
        return Trace(where)
    browser = _printable(request.headers.get("User-Agent", ""))
    return Trace(where, ip=client_ip.client_address(request), user_agent=browser)


def enqueue_notices() -> None:
    """Start the task that sends the queued emails. Without a broker, the next run in a minute sends them."""
    try:
        tasks.send_owed_notices.delay()
    except OperationalError:
        logger.warning("The broker can't be reached; the email waits for the next run of the task")


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:200] if letter.isprintable())
