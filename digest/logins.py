"""Logins to the admin: how many passwords may be tried.

Passwords are counted per account and per network. A browser that has logged in to an account before keeps a signed
cookie and has a count of its own: wrong passwords from elsewhere can't lock an admin out there (OWASP calls this a
device cookie).
"""

import datetime as dt
import logging
import secrets
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from subscriptions.security import abuse_limits
from subscriptions.security.abuse_limits import Limit
from subscriptions.security.client_ip import site_of, visitors_network

logger = logging.getLogger(__name__)

COOKIE = "known_device"
SALT = "digest.logins"
COOKIE_LASTS = dt.timedelta(days=365)
QUARTER, DAY = dt.timedelta(minutes=15), dt.timedelta(days=1)
PER_ACCOUNT = [(10, QUARTER), (50, DAY)]  # also per known device
PER_NETWORK = [(30, QUARTER), (200, DAY)]  # a department may share an address


class LoginForm(AdminAuthenticationForm):
    """The admin's form, which takes no password once the limit of its account, device or network is reached."""

    request: HttpRequest  # which the view always gives

    error_messages = AdminAuthenticationForm.error_messages | {
        "limited": "Too many passwords were tried. Wait until %(until)s UTC, then try again."
    }

    def clean(self) -> dict[str, Any]:
        account, now = self.cleaned_data.get("username", ""), timezone.now()
        counted = _limits_of(self.request, account)
        # Before the password is looked at, so that many at the same moment are counted, too.
        if reached := abuse_limits.acquire(*counted, now=now):
            _warn(reached, account, visitors_network(self.request), now)
            until = f"{abuse_limits.free_at(reached, now=now):%Y-%m-%d %H:%M}"
            raise ValidationError(self.error_messages["limited"], code="limited", params={"until": until})
        cleaned = super().clean()  # raises where the password is wrong
        if cleaned.get("password"):
            abuse_limits.forget(counted[0])
        return cleaned


def remember_device(request: HttpRequest, response: HttpResponse) -> None:
    """Give the browser of who has just logged in the cookie of a known device."""
    response.set_cookie(
        COOKIE,
        signing.dumps([request.user.get_username(), secrets.token_urlsafe(12)], salt=SALT),
        max_age=COOKIE_LASTS,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _limits_of(request: HttpRequest, account: str) -> list[Limit]:
    """Return what counts one try: the device alone if it is known, else the account and the network."""
    if device := _known_device(request, account):
        return [Limit("login device", device, PER_ACCOUNT)]
    site = site_of(visitors_network(request))
    by_network = [Limit("login network", site, PER_NETWORK)] if site else []
    return [Limit("login account", account, PER_ACCOUNT), *by_network]


def _known_device(request: HttpRequest, account: str) -> str:
    """Return the id of the device if it has logged in to `account` before, else an empty string."""
    try:
        known, device = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return f"{account} {device}" if known == account else ""


def _warn(reached: Limit, account: str, network: str, now: dt.datetime) -> None:
    """Log that a limit is reached, at most four times an hour: a flood must not fill the log."""
    if abuse_limits.acquire(Limit("login warning", reached.key, [(1, QUARTER)]), now=now) is None:
        logger.warning("Too many passwords were tried for the account %r, the last from %s", account, network or "?")
