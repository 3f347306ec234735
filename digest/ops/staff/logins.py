"""Rate limits on logins to the admin, by password and by code.

Attempts are counted per account and per network, passwords and codes apart. A browser that has logged in to an account
before keeps a signed cookie and has its own count, so that wrong passwords from elsewhere can't lock an admin out
(OWASP's device cookie).
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

from subscriptions import audit
from subscriptions.security import abuse_limits
from subscriptions.security.abuse_limits import Limit
from subscriptions.security.client_ip import customer_network_of, visitors_network

logger = logging.getLogger(__name__)

COOKIE = "known_device"
SALT = "digest.logins"
COOKIE_LIFETIME = dt.timedelta(days=365)
QUARTER_HOUR, DAY = dt.timedelta(minutes=15), dt.timedelta(days=1)
PER_ACCOUNT_OR_DEVICE = [(10, QUARTER_HOUR), (50, DAY)]
LIMITED = "Too many %(secrets)s were tried. Wait until %(until)s UTC, then try again."
PER_NETWORK = [(30, QUARTER_HOUR), (200, DAY)]  # a department may share an address


class LoginForm(AdminAuthenticationForm):
    """The admin's login form. It takes no password after the limit of the account, device or network is reached."""

    request: HttpRequest  # always given by the view

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)

    def clean(self) -> dict[str, Any]:
        counted = count_attempt(self.request, self.cleaned_data.get("username", ""), "password")
        cleaned = super().clean()  # raises ValidationError if the password is wrong
        if cleaned.get("password"):
            abuse_limits.reset(counted)
        return cleaned


def count_attempt(request: HttpRequest, account: str, what: str) -> Limit:
    """Count an attempt to give `what`: a password or a code. Return its first limit, to forget after a success.

    Raise ValidationError if a limit is reached. Call this before checking the password or code, so that concurrent
    attempts are counted, too.
    """
    now, limits = timezone.now(), _limits_of(request, account, what)
    if reached := abuse_limits.refused_by(*limits, now=now):
        _warn(reached, account, what, visitors_network(request), now)
        until = f"{abuse_limits.free_at(reached, now=now):%Y-%m-%d %H:%M}"
        raise ValidationError(LIMITED, code="limited", params={"secrets": f"{what}s", "until": until})
    return limits[0]


def remember_device(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie of a known device after a complete login, and add the login to the audit log.

    A password alone must not make a device known: each known device has its own count of codes.
    """
    by = request.user.get_username()
    audit.record(by=by, action="Logged in.", target=f"account {by}", flag=audit.LOGIN)
    response.set_cookie(
        COOKIE,
        signing.dumps([request.user.get_username(), secrets.token_urlsafe(12)], salt=SALT),
        max_age=COOKIE_LIFETIME,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _limits_of(request: HttpRequest, account: str, what: str) -> list[Limit]:
    """Return the limits that count this attempt: the device's alone if it is known, else the account and network's."""
    kind = "login" if what == "password" else f"login {what}"  # rows store the key of “login”
    if device := _known_device(request, account):
        return [Limit(f"{kind} device", device, PER_ACCOUNT_OR_DEVICE)]
    site = customer_network_of(visitors_network(request))
    by_network = [Limit(f"{kind} network", site, PER_NETWORK)] if site else []
    return [Limit(f"{kind} account", account, PER_ACCOUNT_OR_DEVICE), *by_network]


def _known_device(request: HttpRequest, account: str) -> str:
    """Return the id of the device if it has logged in to `account` before, else an empty string."""
    try:
        known, device = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COOKIE_LIFETIME)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return f"{account} {device}" if known == account else ""


def _warn(reached: Limit, account: str, what: str, network: str, now: dt.datetime) -> None:
    """Log that a limit is reached, at most four times an hour, so that a flood of attempts does not fill the log."""
    if abuse_limits.refused_by(Limit("login warning", reached.key, [(1, QUARTER_HOUR)]), now=now) is None:
        logger.warning("Too many %ss were tried for the account %r, the last from %s", what, account, network or "?")
