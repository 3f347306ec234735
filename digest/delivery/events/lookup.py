"""The deliveries that reports are about, found for many reports at a time."""

import datetime as dt
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from digest.delivery.events.normalization import NormalizedEvent
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber

LOOKED_BACK = dt.timedelta(days=30)  # over mails that are known by the provider's id alone
NAMED_BY_ID_ALONE = 1_000  # ids of one post


def deliveries_of(events: Collection[NormalizedEvent]) -> dict[str, Delivery]:
    """Return the delivery of each event that names one, by the event's key."""
    named = _deliveries().in_bulk({event.delivery_id for event in events} - {0})
    found = {event.key: named[event.delivery_id] for event in events if _is_of(named.get(event.delivery_id), event)}
    return found | _by_provider_id([event for event in events if event.key not in found])


def deliveries_by_id_alone(events: Iterable[NormalizedEvent], *, now: dt.datetime) -> dict[str, Delivery]:
    """Return the delivery of each event that names nothing but the provider's id of the message, by the event's key.

    Postmark reports some unsubscriptions that way. There is no index on these ids: they are random, and its upkeep
    would cost every delivery more than the search costs these few. So this looks at each edition of the last month,
    from the newest, until all are found.
    """
    keys: dict[str, list[str]] = {}
    for event in events:
        is_alone = event.message_id and not event.recipient and not event.delivery_id
        if is_alone and event.meaning and len(keys) < NAMED_BY_ID_ALONE:
            keys.setdefault(event.message_id, []).append(event.key)
    found: dict[str, Delivery] = {}
    editions = Edition.objects.filter(day__gte=(now - LOOKED_BACK).date()).order_by("-day")
    for edition in editions.values_list("pk", flat=True) if keys else ():
        rows: dict[str, list[Delivery]] = {}
        for row in _deliveries().filter(edition=edition, provider_id__in=list(keys)):
            rows.setdefault(row.provider_id, []).append(row)
        for provider_id, theirs in rows.items():
            for key in keys.pop(provider_id):
                if len(theirs) == 1:  # else the id is that of a call for many
                    found[key] = theirs[0]
        if not keys:
            break
    return found


def _deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("subscriber").defer("papers", "reason")


def _is_of(delivery: Delivery | None, event: NormalizedEvent) -> bool:
    """Return whether `event` is about the delivery that it names.

    Another site with the same account, or the database before a restore, has given its number to another reader's.
    Emails of earlier releases name no reader.
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
    # By the reader, since that has an index.
    readers = list(Subscriber.objects.by_emails(event.recipient for event in asked)) if asked else []
    if not readers:
        return {}
    ids = {event.message_id for event in asked}
    theirs = _deliveries().filter(subscriber__in=readers, provider_id__in=ids).order_by("pk")
    newest = {(row.subscriber.email.lower(), row.provider_id): row for row in theirs}
    keyed = ((event.key, newest.get((event.recipient.lower(), event.message_id))) for event in asked)
    return {key: row for key, row in keyed if row is not None}
