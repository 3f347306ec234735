"""The deliveries that events are about, looked up for many events at a time."""

import datetime as dt
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from digest.delivery.events.normalization import NormalizedEvent
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber

SEARCH_WINDOW = dt.timedelta(days=30)  # for deliveries known by the provider's id alone
MAX_BY_ID_ALONE = 1_000  # ids in one request


def deliveries_of(events: Collection[NormalizedEvent]) -> dict[str, Delivery]:
    """Return the delivery of each event that names one, by the event's key."""
    named = _deliveries().in_bulk({event.delivery_id for event in events} - {0})
    deliveries = {
        event.key: named[event.delivery_id] for event in events if _is_of(named.get(event.delivery_id), event)
    }
    return deliveries | _by_provider_id([event for event in events if event.key not in deliveries])


def deliveries_by_id_alone(events: Iterable[NormalizedEvent], *, now: dt.datetime) -> dict[str, Delivery]:
    """Return the delivery of each event that names only the provider's id of the message, by the event's key.

    Postmark reports some unsubscriptions this way. There is no index on these random ids, because it would cost each
    delivery more than it saves here. So search the editions of the last month, newest first, until all are found.
    """
    keys: dict[str, list[str]] = {}
    for event in events:
        is_alone = event.message_id and not event.recipient and not event.delivery_id
        if is_alone and event.meaning and len(keys) < MAX_BY_ID_ALONE:
            keys.setdefault(event.message_id, []).append(event.key)
    deliveries: dict[str, Delivery] = {}
    editions = Edition.objects.filter(day__gte=(now - SEARCH_WINDOW).date()).order_by("-day")
    for edition in editions.values_list("pk", flat=True) if keys else ():
        rows: dict[str, list[Delivery]] = {}
        for row in _deliveries().filter(edition=edition, provider_id__in=list(keys)):
            rows.setdefault(row.provider_id, []).append(row)
        for provider_id, theirs in rows.items():
            for key in keys.pop(provider_id):
                if len(theirs) == 1:  # otherwise the id is that of a call for many readers
                    deliveries[key] = theirs[0]
        if not keys:
            break
    return deliveries


def _deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("subscriber").defer("papers", "reason")


def _is_of(delivery: Delivery | None, event: NormalizedEvent) -> bool:
    """Return whether `event` is about the delivery that it names.

    The same number may belong to another reader at another site with the same account, or in the database before a
    restore. Emails of earlier releases name no reader.
    """
    if delivery is None:
        return False
    if event.reader:
        return event.reader == delivery.subscriber.uid.hex
    is_by_provider_id = bool(event.message_id) and delivery.provider_id == event.message_id
    return is_by_provider_id or event.recipient.lower() == delivery.subscriber.email.lower()


def _by_provider_id(events: Collection[NormalizedEvent]) -> dict[str, Delivery]:
    """Find the newest delivery to the recipient with the provider's id, for providers that return nothing else."""
    asked = [event for event in events if event.recipient and event.message_id]
    # Search by the reader, because that column has an index.
    readers = list(Subscriber.objects.by_emails(event.recipient for event in asked)) if asked else []
    if not readers:
        return {}
    ids = {event.message_id for event in asked}
    theirs = _deliveries().filter(subscriber__in=readers, provider_id__in=ids).order_by("pk")
    newest = {(row.subscriber.email.lower(), row.provider_id): row for row in theirs}
    keyed = ((event.key, newest.get((event.recipient.lower(), event.message_id))) for event in asked)
    return {key: row for key, row in keyed if row is not None}
