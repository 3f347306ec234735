"""Actions on readers that follow from provider events: suppression and unsubscription."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from anymail.signals import EventType
from django.db.models import Count

from digest.delivery.events.classification import EventClass
from digest.delivery.events.soft_bounces import MIN_BOUNCED_DIGESTS, DigestOutcome, MailedDigest, bounced_for_too_long
from digest.models import Delivery, DeliveryEvent
from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import lifecycle

NEEDS_READER = (EventClass.SOFT, EventClass.COMPLAINT, EventClass.UNSUBSCRIBED)
MAX_DIGESTS_READ = 40  # of one reader; enough for MIN_BOUNCED_DIGESTS weekly digests with gaps


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """One classified event. `address` may be empty, or an address that the reader had before."""

    key: str
    event_type: str
    meaning: str
    happened_at: dt.datetime
    detail: str
    address: str
    delivery: Delivery | None


def apply_reports(reports: Sequence[ProviderReport], *, now: dt.datetime) -> None:
    """Suppress addresses and unsubscribe readers that can't or must not get emails. Idempotent."""
    readers = _readers_by_address(reports)
    suppressed: dict[str, str] = {}
    for report in reports:
        if report.meaning == EventClass.HARD and report.address:
            suppressed.setdefault(report.address, Suppression.Reason.BOUNCED)
        elif report.meaning == EventClass.COMPLAINT:
            # An email that was forwarded may be complained about from an address that we don't know.
            theirs = (reader.email for reader in _readers(report, readers))
            for address in filter(None, (report.address, *theirs)):
                suppressed.setdefault(address, Suppression.Reason.COMPLAINED)
    soft = _unique(
        reader for report in reports if report.meaning == EventClass.SOFT for reader in _readers(report, readers)
    )
    for reader in _often_bounced(soft):
        if bounced_for_too_long(_recent_digests(reader)):
            suppressed.setdefault(reader.email, Suppression.Reason.BOUNCED)
    lifecycle.suppress_all(suppressed)
    left = _unique(
        reader
        for report in reports
        if report.meaning == EventClass.UNSUBSCRIBED
        for reader in _readers(report, readers)
    )
    for reader in left:
        lifecycle.unsubscribe(reader, now=now)


def _readers_by_address(reports: Sequence[ProviderReport]) -> dict[str, Subscriber]:
    """Return the readers with the addresses of the events about readers, by address."""
    addresses = {report.address for report in reports if report.meaning in NEEDS_READER and report.address}
    readers = Subscriber.objects.by_emails(addresses) if addresses else ()
    return {reader.email.lower(): reader for reader in readers}


def _readers(report: ProviderReport, by_address: Mapping[str, Subscriber]) -> list[Subscriber]:
    reader = by_address.get(report.address.lower())
    if reader is not None:
        return [reader]
    return [report.delivery.subscriber] if report.delivery else []


def _unique(readers: Iterable[Subscriber]) -> list[Subscriber]:
    """Return each reader once, in order."""
    return list({reader.pk: reader for reader in readers}.values())


def _often_bounced(readers: Sequence[Subscriber]) -> list[Subscriber]:
    """Return those of `readers` with enough bounced digests for a closer look."""
    if not readers:
        return []
    soft = DeliveryEvent.objects.filter(delivery__subscriber__in=readers, meaning=EventClass.SOFT).order_by()
    counted = soft.values("delivery__subscriber").annotate(digests=Count("delivery", distinct=True))
    often = set(counted.filter(digests__gte=MIN_BOUNCED_DIGESTS).values_list("delivery__subscriber", flat=True))
    return [reader for reader in readers if reader.pk in often]


def _recent_digests(subscriber: Subscriber) -> list[MailedDigest]:
    """Return the newest digests of a reader, newest first, with the outcome of each according to its events."""
    newest = Delivery.objects.filter(subscriber=subscriber).order_by("-pk").defer("papers", "reason")
    newest = newest.prefetch_related("events")
    return [_digest(delivery) for delivery in newest[:MAX_DIGESTS_READ]]


def _digest(delivery: Delivery) -> MailedDigest:
    events = [event for event in delivery.events.all() if _is_telling(event)]
    if not events:
        return MailedDigest(
            DigestOutcome.NO_REPORT if delivery.status == Delivery.Status.SENT else DigestOutcome.NOT_SENT
        )
    last = max(events, key=lambda event: event.happened_at)
    if last.event_type == EventType.DELIVERED:
        return MailedDigest(DigestOutcome.ARRIVED)
    return MailedDigest(DigestOutcome.BOUNCED, last.happened_at.date())


def _is_telling(event: DeliveryEvent) -> bool:
    return event.event_type == EventType.DELIVERED or event.meaning == EventClass.SOFT
