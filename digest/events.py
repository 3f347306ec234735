"""What providers report after the hand-over: bounces, complaints, unsubscriptions. Stored once each, then acted on."""

import hashlib

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction
from django.utils import timezone

from digest.models import Delivery, DeliveryEvent
from subscriptions import subscribers
from subscriptions.models import Subscriber, Suppression

# A bounce says that the address is bad only with these reasons; a blocked or full mailbox is no fault of the reader.
HARD = (RejectReason.INVALID, RejectReason.BOUNCED)


def record(event: AnymailTrackingEvent, esp_name: str) -> None:
    """Store `event` and act on it. Told twice, it does nothing the second time."""
    # Together, or a crash in between would lose a complaint: its repeat is taken for one that was acted on.
    with transaction.atomic():
        _, is_new = DeliveryEvent.objects.get_or_create(
            event_key=_key(event, esp_name),
            defaults={
                "delivery": _delivery(event),
                "event_type": event.event_type,
                "happened_at": event.timestamp or timezone.now(),
                "detail": str(event.description or event.reject_reason or ""),
            },
        )
        if is_new:
            _act(event)


def _act(event: AnymailTrackingEvent) -> None:
    if event.event_type == EventType.COMPLAINED:
        subscribers.suppress(event.recipient, Suppression.Reason.COMPLAINED)
    elif event.event_type == EventType.BOUNCED and event.reject_reason in HARD:
        subscribers.suppress(event.recipient, Suppression.Reason.BOUNCED)
    elif event.event_type == EventType.UNSUBSCRIBED:
        for subscriber in Subscriber.objects.by_email(event.recipient or ""):
            subscribers.unsubscribe(subscriber, now=timezone.now())


def _delivery(event: AnymailTrackingEvent) -> Delivery | None:
    pk = str((event.metadata or {}).get("delivery", ""))
    return Delivery.objects.filter(pk=int(pk)).first() if pk.isdigit() else None


def _key(event: AnymailTrackingEvent, esp_name: str) -> str:
    """The provider's id of the event; some have none, then a hash of what it says."""
    if event.event_id:
        return f"{esp_name}:{event.event_id}"[:200]
    told = repr((event.event_type, event.timestamp, event.message_id, event.recipient))
    return f"{esp_name}:{hashlib.sha256(told.encode()).hexdigest()}"
