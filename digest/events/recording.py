"""Reports are stored, once each however often they are told, and acted on; many at a time where they come so."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from anymail.signals import AnymailTrackingEvent, EventType
from django.db import transaction

from digest import clock
from digest.events import acting, reconciling
from digest.events.acting import Report
from digest.events.meaning import meaning_of
from digest.models import Delivery, DeliveryEvent
from subscriptions.failures import without_addresses
from subscriptions.models import Subscriber

DETAIL = 500  # characters kept of what was said


class Told(NamedTuple):
    """A report as django-anymail hands it over, and which provider it is from."""

    event: AnymailTrackingEvent
    esp_name: str


def record(event: AnymailTrackingEvent, esp_name: str) -> None:
    """Store `event` and act on it. Told twice, it does nothing the second time."""
    record_all([Told(event, esp_name)])


def record_all(told: Sequence[Told]) -> None:
    """Store what is new of `told`, and act on it."""
    now = clock.now()
    by_key = {_key(*each): each for each in told}
    known = DeliveryEvent.objects.filter(event_key__in=list(by_key)).values_list("event_key", flat=True)
    for key in list(known):
        del by_key[key]
    deliveries = _deliveries(by_key.values())
    _store([_report(key, each, deliveries, now) for key, each in by_key.items()], now)


def record_bounces(bounces: Iterable[tuple[int, str, str]], *, now: dt.datetime) -> None:
    """Mail servers refused these as we handed them over: delivery, "hard" or "soft", what the server said."""
    found = {pk: (bounce, reason) for pk, bounce, reason in bounces}
    rows = Delivery.objects.filter(pk__in=list(found)).select_related("subscriber")
    _store(
        [
            Report(
                key=f"{reconciling.BY_SMTP}{row.pk}:{now.date()}",
                event_type=EventType.BOUNCED,
                meaning=found[row.pk][0],
                happened_at=now,
                detail=found[row.pk][1][:DETAIL],
                address=row.subscriber.email,
                delivery=row,
            )
            for row in rows
        ],
        now,
        from_provider=False,
    )


def _store(reports: list[Report], now: dt.datetime, *, from_provider: bool = True) -> None:
    if not reports:
        return
    # Together, or a crash in between would lose a complaint: its repeat is taken for one that was acted on. Of two
    # that store the same at once both act: that changes nothing the second time.
    with transaction.atomic():
        DeliveryEvent.objects.bulk_create(
            [
                DeliveryEvent(
                    delivery=report.delivery,
                    event_key=report.key,
                    event_type=report.event_type,
                    meaning=report.meaning,
                    happened_at=report.happened_at,
                    detail=report.detail,
                )
                for report in reports
            ],
            ignore_conflicts=True,
        )
        if from_provider:
            reconciling.reconcile(reports, now=now)
        for report in reports:
            acting.act(report, now=now)


def _report(key: str, told: Told, deliveries: dict[int, Delivery], now: dt.datetime) -> Report:
    event = told.event
    named = deliveries.get(_delivery_id(event))
    delivery = named if named and _is_of(named, event) else _delivery_by_provider_id(event)
    said = event.description or event.mta_response or event.reject_reason or ""
    return Report(
        key=key,
        event_type=event.event_type,
        meaning=meaning_of(event, told.esp_name),
        happened_at=event.timestamp or now,
        detail=without_addresses(str(said))[:DETAIL],
        address=event.recipient or (delivery.subscriber.email if delivery else ""),
        delivery=delivery,
    )


def _deliveries(told: Iterable[Told]) -> dict[int, Delivery]:
    pks = {_delivery_id(event) for event, _ in told} - {0}
    return Delivery.objects.select_related("subscriber").in_bulk(pks)


def _delivery_id(event: AnymailTrackingEvent) -> int:
    said = str((event.metadata or {}).get("delivery", ""))
    return int(said) if said.isdecimal() and len(said) < 19 else 0


def _is_of(delivery: Delivery, event: AnymailTrackingEvent) -> bool:
    """Whether `event` is of the delivery that it names: another site by the same account, or the database before it was
    restored, has given its number to somebody else's. Mails of earlier releases name no reader."""
    reader, named = delivery.subscriber, (event.metadata or {}).get("reader")
    if named:
        return bool(named == reader.uid.hex)
    is_by_provider_id = bool(event.message_id) and delivery.provider_id == str(event.message_id)
    return is_by_provider_id or (event.recipient or "").lower() == reader.email.lower()


def _delivery_by_provider_id(event: AnymailTrackingEvent) -> Delivery | None:
    """For providers that give nothing back but their own id."""
    if not event.recipient or not event.message_id:
        return None
    # By the reader, since that has an index; nothing else ever asks for a provider's id.
    readers = list(Subscriber.objects.by_email(event.recipient))
    theirs = Delivery.objects.filter(subscriber__in=readers, provider_id=str(event.message_id))
    return theirs.select_related("subscriber").order_by("-pk").first()


def _key(event: AnymailTrackingEvent, esp_name: str) -> str:
    """The provider's id of the event, with whom it is about; some have none, then all that it says. As a hash."""
    said = _id_of(event, esp_name) or json.dumps(event.esp_event, sort_keys=True, default=str)
    told = repr((event.event_type, event.recipient, event.message_id, said))
    if not _id_of(event, esp_name):
        told += repr(event.timestamp)
    return f"{esp_name}:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _id_of(event: AnymailTrackingEvent, esp_name: str) -> str:
    if esp_name == "Mailgun" and isinstance(event.esp_event, dict):
        # What django-anymail takes is drawn anew for each try to tell us.
        return str(event.esp_event.get("event-data", {}).get("id") or event.event_id or "")
    return str(event.event_id or "")
