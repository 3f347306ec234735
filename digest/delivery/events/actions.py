"""What follows for the reader from what a provider reports."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from anymail.signals import EventType
from django.db.models import Count

from digest.delivery.events.classification import EventClass
from digest.delivery.events.soft_bounces import ISSUES, DigestFate, MailedDigest, is_worn_out
from digest.models import Delivery, DeliveryEvent
from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import lifecycle

ABOUT_READERS = (EventClass.SOFT, EventClass.COMPLAINT, EventClass.LEFT)
LOOKED_BACK = 40  # issues of a reader: five of a weekly digest, and then some


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """One report, understood. `address` may be empty, and need not be the reader's of today."""

    key: str
    event_type: str
    meaning: str
    happened_at: dt.datetime
    detail: str
    address: str
    delivery: Delivery | None


def apply_report(reports: Sequence[ProviderReport], *, now: dt.datetime) -> None:
    """End mail to addresses and readers that can't or must not get it. Idempotent."""
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
    soft = _each(
        reader for report in reports if report.meaning == EventClass.SOFT for reader in _readers(report, readers)
    )
    for reader in _often_bounced(soft):
        if is_worn_out(_issues(reader)):
            suppressed.setdefault(reader.email, Suppression.Reason.BOUNCED)
    lifecycle.suppress_all(suppressed)
    left = _each(
        reader for report in reports if report.meaning == EventClass.LEFT for reader in _readers(report, readers)
    )
    for reader in left:
        lifecycle.unsubscribe(reader, now=now)


def _readers_by_address(reports: Sequence[ProviderReport]) -> dict[str, Subscriber]:
    """Return the readers with the addresses of reports that say something about a reader, by address."""
    addresses = {report.address for report in reports if report.meaning in ABOUT_READERS and report.address}
    found = Subscriber.objects.by_emails(addresses) if addresses else ()
    return {reader.email.lower(): reader for reader in found}


def _readers(report: ProviderReport, by_address: Mapping[str, Subscriber]) -> list[Subscriber]:
    reader = by_address.get(report.address.lower())
    if reader is not None:
        return [reader]
    return [report.delivery.subscriber] if report.delivery else []


def _each(readers: Iterable[Subscriber]) -> list[Subscriber]:
    """Return each reader once, in order."""
    return list({reader.pk: reader for reader in readers}.values())


def _often_bounced(readers: Sequence[Subscriber]) -> list[Subscriber]:
    """Return those of `readers` with enough bounced issues to look at more closely."""
    if not readers:
        return []
    soft = DeliveryEvent.objects.filter(delivery__subscriber__in=readers, meaning=EventClass.SOFT).order_by()
    counted = soft.values("delivery__subscriber").annotate(issues=Count("delivery", distinct=True))
    often = set(counted.filter(issues__gte=ISSUES).values_list("delivery__subscriber", flat=True))
    return [reader for reader in readers if reader.pk in often]


def _issues(subscriber: Subscriber) -> list[MailedDigest]:
    """The reader's digests, the newest first, and what became of each by all that was reported."""
    newest = Delivery.objects.filter(subscriber=subscriber).order_by("-pk").defer("papers", "reason")
    newest = newest.prefetch_related("events")
    return [_issue(delivery) for delivery in newest[:LOOKED_BACK]]


def _issue(delivery: Delivery) -> MailedDigest:
    telling = [event for event in delivery.events.all() if _tells(event)]
    if not telling:
        return MailedDigest(DigestFate.SENT if delivery.status == Delivery.Status.SENT else DigestFate.NOT_SENT)
    last = max(telling, key=lambda event: event.happened_at)
    if last.event_type == EventType.DELIVERED:
        return MailedDigest(DigestFate.ARRIVED)
    return MailedDigest(DigestFate.BOUNCED, last.happened_at.date())


def _tells(event: DeliveryEvent) -> bool:
    return event.event_type == EventType.DELIVERED or event.meaning == EventClass.SOFT
