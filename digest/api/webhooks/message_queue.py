"""The queue of messages to webhooks. A message is stored in the transaction of its event: both happen, or neither.

Events about readers follow from the log of consents (`event_of`). The names of all events are in
`digest.models.webhooks.WebhookEvent`.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse

from digest.models import Edition, WebhookEndpoint, WebhookMessage
from digest.models.webhooks import WebhookEvent
from subscriptions.models import Consent, Subscriber, Suppression

KEPT_FOR = dt.timedelta(days=30)


def enqueue(event: str, about: Iterable[tuple[uuid.UUID | None, dict[str, Any]]], *, now: dt.datetime) -> None:
    """Store a message for each endpoint that wants `event`, about each reader and data."""
    endpoints = [each for each in WebhookEndpoint.objects.filter(is_active=True) if event in each.events]
    if endpoints:
        WebhookMessage.objects.bulk_create(
            WebhookMessage(endpoint=each, event=event, reader_uid=uid, data=data, made_at=now, next_at=now)
            for uid, data in about
            for each in endpoints
        )


def enqueue_steps(steps: Iterable[Consent], *, now: dt.datetime) -> None:
    """Store a message for each step in the log of consents that is an event."""
    by_event: dict[str, list[tuple[uuid.UUID | None, dict[str, Any]]]] = {}
    for step in steps:
        event = event_of(step)
        if event:
            by_event.setdefault(event, []).append((step.reader_uid, _reason(step)))
    for event, about in by_event.items():
        enqueue(event, about, now=now)


def event_of(step: Consent) -> str:
    """Return the event of a step in the log of consents, or "" if it is none."""
    if step.event in (Consent.Event.CONFIRMED, Consent.Event.RESUBSCRIBED):
        return WebhookEvent.CONFIRMED
    if step.event == Consent.Event.WITHDRAWN:
        is_bounce = _reason(step) == {"reason": Suppression.Reason.BOUNCED}
        return WebhookEvent.BOUNCED if is_bounce else WebhookEvent.UNSUBSCRIBED
    return WebhookEvent.UNSUBSCRIBED if step.event == Consent.Event.ERASED else ""


def _reason(step: Consent) -> dict[str, str]:
    """Return why a reader gets no more emails: where they left, or the reason of the suppression."""
    if step.event == Consent.Event.ERASED:
        return {"reason": "erased"}
    if step.event != Consent.Event.WITHDRAWN:
        return {}
    first = step.where.split(" ")[0]  # a reason of a suppression may be followed by who did it
    return {"reason": first if first in Suppression.Reason.values else step.where}


def enqueue_edition(edition: Edition, *, now: dt.datetime) -> None:
    """Store messages about an edition that was closed."""
    page = f"{settings.SITE_URL}{reverse('digest:edition', args=[edition.day])}"
    enqueue(WebhookEvent.PUBLISHED, [(None, {"edition": edition.day.isoformat(), "page": page})], now=now)


def export_about(reader: Subscriber) -> dict[str, Any]:
    """Return the messages about a reader, for the export of their data."""
    messages = WebhookMessage.objects.filter(reader_uid=reader.uid).order_by("pk").select_related("endpoint")
    rows = [
        {"event": each.event, "to": each.endpoint.name, "made_at": each.made_at, "delivered_at": each.delivered_at}
        for each in messages
    ]
    return {"messages to other programs": rows} if rows else {}


def delete_answers(reader: Subscriber) -> None:
    """Delete the answers of endpoints to messages about a reader, because they may contain anything."""
    WebhookMessage.objects.filter(reader_uid=reader.uid).update(answer="")


def delete_old(*, now: dt.datetime) -> int:
    """Delete messages older than KEPT_FOR. Return their number."""
    return WebhookMessage.objects.filter(made_at__lt=now - KEPT_FOR).delete()[0]
