"""The store of provider events. It stores each event once, however often it comes, and acts on it."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from anymail.signals import AnymailTrackingEvent, EventType
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from digest import clock, counters
from digest.delivery.events import actions, lookup, reconciliation
from digest.delivery.events.actions import ProviderReport
from digest.delivery.events.normalization import DETAIL, AnymailEvent, NormalizedEvent, UnreadableEventError, normalize
from digest.models import Delivery, DeliveryEvent

AT_ONCE = 500  # events in one transaction: nothing else can write to SQLite meanwhile
LOGGED = 20  # unreadable events of one request that are logged one by one

logger = logging.getLogger(__name__)


def record(event: AnymailTrackingEvent, esp_name: str) -> None:
    """Store `event` and act on it. A second time, do nothing."""
    record_all([AnymailEvent(event, esp_name)])


def record_all(reported: Sequence[AnymailEvent]) -> None:
    """Store the new events of `reported`, and act on them. Log and skip an event that can't be read or stored."""
    now = clock.now()
    skipped = SkippedEvents()
    events: dict[str, NormalizedEvent] = {}
    for each in reported:
        try:
            event = normalize(each, now=now)
        except UnreadableEventError as error:
            skipped.add(each.esp_name, error)
        else:
            events[event.key] = event
    by_id_alone = lookup.deliveries_by_id_alone(events.values(), now=now)
    for chunk in _chunks(list(events.values())):
        _record(_new(chunk), by_id_alone, skipped, now)
    skipped.sum_up()


def record_bounces(bounces: Iterable[tuple[int, str, str]], *, now: dt.datetime) -> None:
    """Store and act on bounces of an SMTP server. Each is a delivery id, "hard" or "soft", and the reply."""
    by_delivery = {pk: (bounce, reason) for pk, bounce, reason in bounces}
    rows = Delivery.objects.filter(pk__in=list(by_delivery)).select_related("subscriber")
    _store(
        [
            ProviderReport(
                key=f"{reconciliation.BY_SMTP}{row.pk}:{now.date()}",
                event_type=EventType.BOUNCED,
                meaning=by_delivery[row.pk][0],
                happened_at=now,
                detail=by_delivery[row.pk][1][:DETAIL],
                address=row.subscriber.email,
                delivery=row,
            )
            for row in rows
        ],
        now,
        from_provider=False,
    )


class SkippedEvents:
    """A log of the events of one request that were skipped."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, esp_name: str, error: Exception) -> None:
        """Count one event, and log it unless there are many."""
        self.count += 1
        if self.count <= LOGGED:
            logger.warning("An event of %s was skipped: %s", esp_name, brief(error))

    def sum_up(self) -> None:
        """Log how many more there were."""
        if self.count > LOGGED:
            logger.warning("%d more events of the same request were skipped", self.count - LOGGED)


def brief(error: Exception) -> str:
    """Return the error on one line of ASCII, because it may quote text from a stranger."""
    return ascii(f"{type(error).__name__}: {error}"[:200])


def _chunks(events: Sequence[NormalizedEvent]) -> Iterable[Sequence[NormalizedEvent]]:
    return (events[start : start + AT_ONCE] for start in range(0, len(events), AT_ONCE))


def _new(events: Sequence[NormalizedEvent]) -> list[NormalizedEvent]:
    keys = [event.key for event in events]
    known = set(DeliveryEvent.objects.filter(event_key__in=keys).values_list("event_key", flat=True))
    return [event for event in events if event.key not in known]


def _record(
    events: list[NormalizedEvent], by_id_alone: dict[str, Delivery], skipped: SkippedEvents, now: dt.datetime
) -> None:
    """Store events together. If the database refuses a value, find the event that has it, and skip that."""
    if not events:
        return
    try:
        with transaction.atomic():
            deliveries = lookup.deliveries_of(events) | by_id_alone
            _store([_report(event, deliveries.get(event.key)) for event in events], now)
    except (OperationalError, InterfaceError):
        raise  # about the connection, not the events: the provider sends them again
    except (DatabaseError, ValueError, TypeError) as error:
        if len(events) == 1:
            skipped.add(events[0].key.partition(":")[0], error)
            return
        half = len(events) // 2
        for part in (events[:half], events[half:]):
            _record(part, by_id_alone, skipped, now)


def _store(reports: list[ProviderReport], now: dt.datetime, *, from_provider: bool = True) -> None:
    if not reports:
        return
    # In one transaction, or a crash in between would lose a complaint: its repeat would look like one that was acted
    # on. If two workers store the same event at once, both act, and the second changes nothing.
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
            reconciliation.reconcile(reports, now=now)
        actions.apply_reports(reports, now=now)
    counters.add(Counter(("provider_reports", _labels(report)) for report in reports))


def _labels(report: ProviderReport) -> counters.Labels:
    provider = report.key.partition(":")[0]
    return counters.labels(provider=provider, event=report.event_type, meaning=report.meaning)


def _report(event: NormalizedEvent, delivery: Delivery | None) -> ProviderReport:
    return ProviderReport(
        key=event.key,
        event_type=event.event_type,
        meaning=event.meaning,
        happened_at=event.happened_at,
        detail=event.detail,
        address=event.recipient or (delivery.subscriber.email if delivery else ""),
        delivery=delivery,
    )
