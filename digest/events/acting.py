"""What follows for the reader from what a provider reports."""

import datetime as dt
from dataclasses import dataclass

from anymail.signals import EventType

from digest.events.meaning import Meaning
from digest.events.wear import Fate, Issue, is_worn_out
from digest.models import Delivery, DeliveryEvent
from subscriptions import subscribers
from subscriptions.models import Subscriber, Suppression

LOOKED_BACK = 40  # issues of a reader: five of a weekly digest, and then some


@dataclass(frozen=True, slots=True)
class Report:
    """One report, understood. `address` may be empty, and need not be the reader's of today."""

    key: str
    event_type: str
    meaning: str
    happened_at: dt.datetime
    detail: str
    address: str
    delivery: Delivery | None


def act(report: Report, *, now: dt.datetime) -> None:
    """End mail to whom it can't or must not go. Idempotent."""
    match report.meaning:
        case Meaning.HARD if report.address:
            subscribers.suppress(report.address, Suppression.Reason.BOUNCED)
        case Meaning.COMPLAINT:
            for address in _complainants(report):
                subscribers.suppress(address, Suppression.Reason.COMPLAINED)
        case Meaning.LEFT:
            for subscriber in _readers(report):
                subscribers.unsubscribe(subscriber, now=now)
        case Meaning.SOFT:
            for subscriber in _readers(report):
                if is_worn_out(_issues(subscriber)):
                    subscribers.suppress(subscriber.email, Suppression.Reason.BOUNCED)


def _complainants(report: Report) -> set[str]:
    """Who was mailed. A mail that was forwarded may be complained about from an address that we don't know."""
    return {address for address in (report.address, *(reader.email for reader in _readers(report))) if address}


def _readers(report: Report) -> list[Subscriber]:
    readers = list(Subscriber.objects.by_email(report.address)) if report.address else []
    return readers or ([report.delivery.subscriber] if report.delivery else [])


def _issues(subscriber: Subscriber) -> list[Issue]:
    """The reader's digests, the newest first, and what became of each by all that was reported."""
    newest = Delivery.objects.filter(subscriber=subscriber).order_by("-pk").prefetch_related("events")
    return [_issue(delivery) for delivery in newest[:LOOKED_BACK]]


def _issue(delivery: Delivery) -> Issue:
    telling = [event for event in delivery.events.all() if _tells(event)]
    if not telling:
        return Issue(Fate.SENT if delivery.status == Delivery.Status.SENT else Fate.NOT_SENT)
    last = max(telling, key=lambda event: event.happened_at)
    if last.event_type == EventType.DELIVERED:
        return Issue(Fate.ARRIVED)
    return Issue(Fate.BOUNCED, last.happened_at.date())


def _tells(event: DeliveryEvent) -> bool:
    return event.event_type == EventType.DELIVERED or event.meaning == Meaning.SOFT
