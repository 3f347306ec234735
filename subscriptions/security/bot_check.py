"""The check that a person submits a form from our own page.

A form that leads to an email carries a stamp: its creation time, signed. If the stamp is missing, forged or older than
a month, or if the post comes from another site, it is not refused: the form is shown again, filled in, and needs one
more click. So programs that never read the page get nothing, and other sites can't sign their visitors up. People
always get through, with a password manager, a cached page or no JavaScript.

A program that reads the page and posts its stamp does get through. It meets the hidden field that people never see, the
limits per network, mailbox and domain (abuse_limits), and the confirmation: all it can cause is a few emails.
"""

import datetime as dt
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

MAX_AGE = dt.timedelta(days=30)  # pages stay in caches until they change
_SALT = "subscriptions.form"


def stamp() -> str:
    """Return the value of the hidden field `stamp`: the signed current time in milliseconds."""
    return signing.Signer(salt=_SALT).sign(str(int(timezone.now().timestamp() * 1000)))


def is_deliberate(request: HttpRequest) -> bool:
    """Return whether a person probably sent the form from one of our pages."""
    return is_from_here(request) and _is_in_time(request.POST.get("stamp", ""))


def is_from_here(request: HttpRequest) -> bool:
    """Return whether the form was on one of our pages. Old browsers send no header for this, and are trusted."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    # Compare only hosts: behind a proxy that ends TLS, the scheme may differ.
    return _host_and_path(origin)[0] in {request.get_host().lower(), _host_and_path(settings.SITE_URL)[0]}


def page_of_form(request: HttpRequest) -> str:
    """Return the path of our page with the form, by the Referer header; else the path of the request."""
    host, path = _host_and_path(request.headers.get("Referer", ""))
    return path if host == request.get_host().lower() else request.path


def _host_and_path(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""
    return parts.netloc.lower(), parts.path


def _is_in_time(stamp: str) -> bool:
    try:
        made = int(signing.Signer(salt=_SALT).unsign(stamp))
    except (signing.BadSignature, ValueError):
        return False
    age = timezone.now().timestamp() - made / 1000
    return 0 <= age <= MAX_AGE.total_seconds()
