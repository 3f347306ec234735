"""What providers report later."""

import datetime as dt
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.test import Client
from django.urls import clear_url_caches

import config.urls
from digest import events, planning
from digest.models import Delivery, DeliveryEvent, Edition
from subscriptions.models import Subscriber, Suppression
from tests.conftest import NOW

Status = Subscriber.Status


def event(event_type: str, **fields: Any) -> AnymailTrackingEvent:
    values = {"recipient": "alice@example.org", "event_id": "1", "timestamp": NOW, "message_id": "m"} | fields
    return AnymailTrackingEvent(event_type=event_type, **values)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (event(EventType.COMPLAINED), Status.SUPPRESSED),
        (event(EventType.BOUNCED, reject_reason=RejectReason.INVALID), Status.SUPPRESSED),
        (event(EventType.BOUNCED, reject_reason=RejectReason.BOUNCED), Status.SUPPRESSED),
        (event(EventType.BOUNCED, reject_reason=RejectReason.BLOCKED), Status.ACTIVE),
        (event(EventType.DEFERRED), Status.ACTIVE),
        (event(EventType.DELIVERED), Status.ACTIVE),
        (event(EventType.UNSUBSCRIBED), Status.UNSUBSCRIBED),
        (event(EventType.UNSUBSCRIBED, recipient=None), Status.ACTIVE),
    ],
)
def test_it_acts_on_what_it_is_told(alice: Subscriber, told: AnymailTrackingEvent, status: str) -> None:
    events.record(told, "Postmark")
    alice.refresh_from_db()
    assert alice.status == status
    assert Suppression.objects.exists() is (status == Status.SUPPRESSED)


@pytest.mark.parametrize("event_id", ["1", None])
@pytest.mark.usefixtures("alice")
def test_it_stores_an_event_once_however_often_it_is_told(event_id: str | None) -> None:
    for _ in range(2):
        events.record(event(EventType.DELIVERED, event_id=event_id), "Brevo")
    events.record(event(EventType.DELIVERED, event_id=event_id, message_id="other"), "Mailjet")
    assert DeliveryEvent.objects.count() == 2


def test_it_finds_the_delivery_it_is_about(edition: Edition, alice: Subscriber) -> None:
    planning.plan_everyone(edition, now=NOW)
    row = Delivery.objects.get()
    events.record(event(EventType.DELIVERED, metadata={"delivery": str(row.pk)}), "Postmark")
    events.record(event(EventType.OPENED, event_id="2", metadata={"delivery": "forged"}), "Postmark")
    assert [told.delivery for told in DeliveryEvent.objects.order_by("pk")] == [row, None]


@pytest.mark.usefixtures("alice")
def test_it_listens_to_anymails_signal() -> None:
    told = event(EventType.BOUNCED, reject_reason=RejectReason.BOUNCED, timestamp=None)
    tracking.send(sender=object, event=told, esp_name="Postmark")
    stored = DeliveryEvent.objects.get()
    assert stored.event_type == "bounced"
    assert stored.happened_at > NOW - dt.timedelta(days=3650)


@pytest.mark.parametrize(("secret", "status"), [("", 404), ("user:password", 400)])
@pytest.mark.django_db
def test_it_opens_webhooks_only_with_a_secret(secret: str, status: int, settings: Any, client: Client) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": secret} if secret else {}
    with reloaded_urls():
        told = [{"RecordType": "SpamComplaint", "Email": "alice@example.org"}]
        answer = client.post("/anymail/postmark/tracking/", told[0], content_type="application/json")
    assert answer.status_code == status
    assert not DeliveryEvent.objects.exists()


@contextmanager
def reloaded_urls() -> Iterator[None]:
    """The addresses as the settings of the moment make them."""
    importlib.reload(config.urls)
    clear_url_caches()
    yield
    clear_url_caches()
