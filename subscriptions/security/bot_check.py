"""Is it a person at the form, and on our own page?

A form of ours that mails somebody carries a stamp: when it was made, signed. What comes without one, in less than two
seconds or with a stamp of long ago, or from another site, is not refused: it is shown once more, filled in, to be sent
by one more press. So a robot that posts and goes gets nothing, no other site can sign its visitors up, and no person is
ever turned away, however slow, however old the page in a cache, and with no script.
"""

import datetime as dt
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone

LEAST = dt.timedelta(seconds=2)
MOST = dt.timedelta(days=30)  # pages are kept in caches until they change
_SALT = "subscriptions.form"


def stamp() -> str:
    """For the hidden field `stamp`: this moment, in milliseconds, signed."""
    return signing.Signer(salt=_SALT).sign(str(int(timezone.now().timestamp() * 1000)))


def is_deliberate(request: HttpRequest) -> bool:
    """Was it sent by a person from a page of ours, as far as can be told?"""
    return is_from_here(request) and _is_in_time(request.POST.get("stamp", ""))


def is_from_here(request: HttpRequest) -> bool:
    """Browsers say where a form stood; those too old to say so are believed."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    # By host alone: behind a proxy that ends TLS we may not know the scheme that the visitor sees.
    return _host_and_path(origin)[0] in {request.get_host().lower(), _host_and_path(settings.SITE_URL)[0]}


def page_of_form(request: HttpRequest) -> str:
    """The path of our page that the form stood on, as far as the browser says so; else the path it was sent to."""
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
    return LEAST.total_seconds() <= age <= MOST.total_seconds()
