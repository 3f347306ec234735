"""Rate limits on logins to the admin.

Attempts are counted per account and per network. A browser that has logged in to an account before keeps a signed
cookie and has its own count, so that wrong passwords from elsewhere can't lock an admin out (OWASP calls this a device
cookie).
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
    """The admin's login form. It takes no password after the limit of the account, device or network is reached."""

    request: HttpRequest  # always given by the view

    error_messages = AdminAuthenticationForm.error_messages | {
        "limited": "Too many passwords were tried. Wait until %(until)s UTC, then try again."
    }

    def clean(self) -> dict[str, Any]:
        account, now = self.cleaned_data.get("username", ""), timezone.now()
        counted = _limits_of(self.request, account)
        # Before the password is checked, so that concurrent attempts are counted, too.
        if reached := abuse_limits.acquire(*counted, now=now):
            _warn(reached, account, visitors_network(self.request), now)
            until = f"{abuse_limits.free_at(reached, now=now):%Y-%m-%d %H:%M}"
            raise ValidationError(self.error_messages["limited"], code="limited", params={"until": until})
        cleaned = super().clean()  # raises ValidationError if the password is wrong
        if cleaned.get("password"):
            abuse_limits.forget(counted[0])
        return cleaned


def remember_device(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie of a known device after a successful login."""
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
    """Return the limits that count this attempt: the device's alone if it is known, else the account and network's."""
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
    """Log that a limit is reached, at most four times an hour, so that a flood of attempts does not fill the log."""
    if abuse_limits.acquire(Limit("login warning", reached.key, [(1, QUARTER)]), now=now) is None:
        logger.warning("Too many passwords were tried for the account %r, the last from %s", account, network or "?")
