"""Send the queued messages, with retries for a day, and disable endpoints that keep failing."""

import datetime as dt
import json
import logging
import re
import time
from typing import Any

from django.conf import settings
from django.db.models import F
from django.urls import reverse

from digest.api.rotation import ROTATION_TIME, is_double_click
from digest.api.webhooks import client, signatures
from digest.api.webhooks.client import WebhookResponse
from digest.models import WebhookEndpoint, WebhookMessage
from digest.models.webhooks import TEST
from digest.ops.health import incidents
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

MINUTE = dt.timedelta(minutes=1)
INTERVALS = [MINUTE * minutes for minutes in (1, 5, 15, 60, 120, 240, 360, 480)]  # between tries
GIVEN_UP_AFTER = dt.timedelta(days=1)
DISABLED_AFTER = dt.timedelta(days=3)  # of failures without a success
LEASE = dt.timedelta(minutes=2)
LONGEST_ANSWER = 300  # characters in the log
GONE = 410  # the endpoint asks for no more messages


def send_due(*, now: dt.datetime, seconds: float) -> int:
    """Send the messages that are due, starting none after `seconds`. Return how many were delivered.

    Endpoints take turns, so that neither a slow one nor a long queue holds up the others. An endpoint that fails gets
    no more messages in this run, and comes last in the next.
    """
    ends_at, delivered = time.monotonic() + seconds, 0
    active = WebhookEndpoint.objects.filter(is_active=True)
    waiting = list(active.order_by(F("failing_since").asc(nulls_first=True), "pk"))
    while waiting:
        for endpoint in list(waiting):
            if time.monotonic() > ends_at:
                return delivered
            message = _claim_next(endpoint, now)
            if message is not None and attempt(message, now=now).is_success:
                delivered += 1
            else:
                waiting.remove(endpoint)
    return delivered


def attempt(message: WebhookMessage, *, now: dt.datetime) -> WebhookResponse:
    """Send one message, and record the answer in its row and its endpoint's."""
    body, address = _body(message, now)
    answer = client.post(message.endpoint.url, body, _headers(message, body, now))
    if address:  # an answer may repeat it
        answer = answer._replace(text=re.sub(re.escape(address), "(address)", answer.text, flags=re.IGNORECASE))
    message.tries += 1
    message.status, message.answer = answer.status, answer.text[:LONGEST_ANSWER]
    message.delivered_at = now if answer.is_success else None
    message.next_at = None if answer.is_success else _next_try(message, now)
    message.save(update_fields=["tries", "status", "answer", "delivered_at", "next_at"])
    _record(message.endpoint, answer, now)
    return answer


def send_test(endpoint: WebhookEndpoint, *, now: dt.datetime) -> WebhookResponse:
    """Send a message of the type “test” at once. It is logged, and not sent again by itself."""
    message = WebhookMessage.objects.create(endpoint=endpoint, event=TEST, made_at=now)
    answer = attempt(message, now=now)
    WebhookMessage.objects.filter(pk=message.pk).update(next_at=None)
    return answer


def send_again(message: WebhookMessage, *, now: dt.datetime) -> None:
    """Queue a message again, whether or not it was delivered."""
    message.next_at = now
    message.save(update_fields=["next_at"])


def rotate(endpoint: WebhookEndpoint, *, now: dt.datetime) -> str:
    """Give the endpoint a new secret, and return it. Messages are signed with the old one, too, for ROTATION_TIME.

    A second click keeps the old secret, because the program can't have the first click's yet.
    """
    if not is_double_click(endpoint.old_secret_until, now=now):
        endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, now + ROTATION_TIME
    endpoint.secret = signatures.new_secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return endpoint.secret


def clear_failures(endpoint: WebhookEndpoint, *, now: dt.datetime) -> None:
    """Clear the failures of an endpoint, because an admin enabled it."""
    endpoint.failing_since = None
    endpoint.save(update_fields=["failing_since"])
    incidents.end(_key(endpoint), now=now)


def _claim_next(endpoint: WebhookEndpoint, now: dt.datetime) -> WebhookMessage | None:
    """Claim the message to the endpoint that has been due for longest, or return None."""
    due = endpoint.messages.filter(next_at__lte=now).order_by("next_at", "pk")
    while message := due.first():
        if _claim(message, now):
            return message
    return None


def _claim(message: WebhookMessage, now: dt.datetime) -> bool:
    """Claim the message for LEASE. Return False if another worker has it."""
    waiting = WebhookMessage.objects.filter(pk=message.pk, next_at=message.next_at)
    return bool(waiting.update(next_at=now + LEASE))


def _body(message: WebhookMessage, now: dt.datetime) -> tuple[bytes, str]:
    """Return the payload, and the address in it or "". Addresses are read now, so the queue holds none."""
    data: dict[str, Any] = dict(message.data)
    address = ""
    if message.reader_uid:
        data = {"reader": str(message.reader_uid)} | data
        if message.endpoint.with_address:
            known = Subscriber.objects.filter(uid=message.reader_uid).values_list("email", flat=True)
            address = known.first() or ""
            data["email"] = address or None  # of an erased reader
    payload = {"type": message.event, "timestamp": message.made_at.isoformat(), "data": data}
    return json.dumps(payload, separators=(",", ":")).encode(), address


def _headers(message: WebhookMessage, body: bytes, now: dt.datetime) -> dict[str, str]:
    endpoint, message_id, timestamp = message.endpoint, f"msg_{message.uid.hex}", int(now.timestamp())
    keys = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and now < endpoint.old_secret_until:
        keys.append(endpoint.old_secret)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"DailyPapers/1.0 (+{settings.SITE_URL})",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures.signature(keys, message_id, timestamp, body),
    }


def _next_try(message: WebhookMessage, now: dt.datetime) -> dt.datetime | None:
    """Return the time of the next try, or None if it would come too late."""
    at = now + INTERVALS[min(message.tries, len(INTERVALS)) - 1]
    return at if at < message.made_at + GIVEN_UP_AFTER else None


def _record(endpoint: WebhookEndpoint, answer: WebhookResponse, now: dt.datetime) -> None:
    """Record since when the endpoint fails, and disable it after DISABLED_AFTER, or if it wants no more messages."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if answer.is_success:
        rows.exclude(failing_since=None).update(failing_since=None)
        return
    rows.filter(failing_since=None).update(failing_since=now)
    has_gone = answer.status == GONE
    failing = rows.filter(is_active=True) if has_gone else rows.filter(failing_since__lte=now - DISABLED_AFTER)
    if failing.filter(is_active=True).update(is_active=False):
        why = "answered 410 Gone" if has_gone else f"has failed for {DISABLED_AFTER.days} days"
        logger.error("Webhook %s is disabled: it %s", endpoint.name, why)
        incidents.begin(
            _key(endpoint),
            f"The webhook “{endpoint.name}” is disabled",
            f"It {why}. The last answer: {answer.text[:LONGEST_ANSWER] or answer.status}. "
            "Correct its address or its program, then tick “active” on its page.",
            now=now,
            path=reverse("admin:digest_webhookendpoint_change", args=[endpoint.pk]),
        )


def _key(endpoint: WebhookEndpoint) -> str:
    return f"webhook:{endpoint.pk}"
