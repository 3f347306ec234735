"""The channels that alert operators: email through each provider in turn, and the webhook of ALERT_URL."""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError

from digest.delivery.providers import failover
from digest.delivery.providers.capabilities import SMTP, backend_of
from subscriptions.email import builder
from subscriptions.email.builder import Alert

logger = logging.getLogger(__name__)

WEBHOOK_SECONDS = 10.0


@dataclass(frozen=True)
class Event:
    """The start or the end of one incident, as data for programs."""

    key: str
    heading: str
    text: str
    began_at: dt.datetime
    ended_at: dt.datetime | None


def exist() -> bool:
    """Return whether operators can be alerted at all."""
    return bool(settings.OPERATORS or settings.ALERT_URL)


def send(alert: Alert, events: list[Event]) -> list[str]:
    """Send the alert through every channel. Return the names of those that accepted it."""
    accepted = []
    if settings.ALERT_URL and post(alert, events):
        accepted.append("ALERT_URL")
    if settings.OPERATORS and email(alert):
        accepted.append("email")
    return accepted


def post(alert: Alert, events: list[Event]) -> bool:
    """Send the alert to the webhook of ALERT_URL. Return whether it was accepted."""
    form, _, address = settings.ALERT_URL.partition("+")
    parts = urlsplit(address)
    url, body = FORMS[form](parts, alert, events)
    try:
        # The body of the answer is not read, because it may never end.
        with httpx.stream("POST", url, json=body, auth=_login(parts), timeout=WEBHOOK_SECONDS) as answer:
            answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        logger.error("ALERT_URL refused an alert with status %d: %s", error.response.status_code, alert.heading)
        return False
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.error("ALERT_URL can't be reached (%s), for the alert: %s", type(error).__name__, alert.heading)
        return False
    return True


def email(alert: Alert) -> bool:
    """Email the alert to all OPERATORS. Return whether at least one email was accepted.

    Each provider is tried in turn, even one that refused other emails, and the server of EMAIL_URL last.
    """
    sent = [_email_one(address, alert) for address in settings.OPERATORS]
    return any(sent)


def _email_one(address: str, alert: Alert) -> bool:
    for backend in _backends():
        try:
            message = builder.build_message(
                address, *builder.render_email("alert", {"alert": alert}), {**builder.BY_A_MACHINE}
            )
            message.connection = get_connection(backend)
            message.send()
        except Exception as error:
            logger.warning("An alert can't be emailed to %s by %s: %s", address, backend, error)
        else:
            return True
    return False


def _backends() -> list[str]:
    """Return the mail backends to try, in order: the providers that refuse nothing first."""
    names = failover.names()
    try:
        open_ones = failover.available(names)
    except DatabaseError:
        open_ones = names
    names = [*open_ones, *(name for name in names if name not in open_ones)]
    if settings.HAS_SMTP_SERVER and names and SMTP not in names:
        names.append(SMTP)
    return [backend_of(name) for name in names] or [settings.EMAIL_BACKEND]


def _link(alert: Alert) -> str:
    return f"{settings.SITE_URL}{alert.path}" if alert.path else ""


def _words(alert: Alert) -> str:
    parts = (f"{heading}. {text}" for heading, text in alert.parts)
    return "\n\n".join(filter(None, (alert.detail, *alert.paragraphs, *parts)))


def _ntfy(address: SplitResult, alert: Alert, events: list[Event]) -> tuple[str, dict[str, Any]]:
    """Return ntfy's JSON message. It goes to the server's root, and names the topic."""
    root, _, topic = address.path.rstrip("/").rpartition("/")
    is_over = all(event.ended_at for event in events)
    body: dict[str, Any] = {
        "topic": topic,
        "title": f"{settings.SITE_NAME}: {alert.heading}",
        "message": _words(alert),
        "priority": 3 if is_over else 4,
        "tags": ["white_check_mark" if is_over else "rotating_light"],
    }
    return _url(address, f"{root}/"), body | ({"click": _link(alert)} if alert.path else {})


def _slack(address: SplitResult, alert: Alert, events: list[Event]) -> tuple[str, dict[str, Any]]:
    parts = (f"*{settings.SITE_NAME}: {alert.heading}*", _words(alert), _link(alert))
    text = "\n".join(filter(None, parts))
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):  # Slack's own escapes
        text = text.replace(character, entity)
    return _url(address, address.path), {"text": text}


def _json(address: SplitResult, alert: Alert, events: list[Event]) -> tuple[str, dict[str, Any]]:
    incidents = [
        {
            "key": event.key,
            "heading": event.heading,
            "text": event.text,
            "began_at": event.began_at.isoformat(),
            "ended_at": event.ended_at.isoformat() if event.ended_at else None,
        }
        for event in events
    ]
    body = {
        "site": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "status": "ended" if all(event.ended_at for event in events) else "open",
        "heading": alert.heading,
        "text": _words(alert),
        "url": _link(alert),
        "incidents": incidents,
    }
    return _url(address, address.path), body


# The forms that ALERT_URL can begin with. `config.env.alert_address` checks them, and can't import this module.
FORMS = {"ntfy": _ntfy, "slack": _slack, "json": _json}


def _url(address: SplitResult, path: str) -> str:
    """Return the address with another path, without the login."""
    return address._replace(netloc=address.netloc.rpartition("@")[2], path=path).geturl()


def _login(address: SplitResult) -> tuple[str, str] | None:
    if address.username is None and address.password is None:
        return None
    return unquote(address.username or ""), unquote(address.password or "")
