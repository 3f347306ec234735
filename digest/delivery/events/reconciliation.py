"""Reconciliation of deliveries with events: an uncertain one was sent, or an accepted one was discarded later."""

import datetime as dt
from collections.abc import Iterable, Sequence

from anymail.signals import EventType
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from digest.delivery.events.actions import ProviderReport
from digest.models import Delivery, DeliveryEvent

# The provider reports these only for emails that it accepted.
TAKEN = (
    EventType.QUEUED,
    EventType.SENT,
    EventType.DEFERRED,
    EventType.DELIVERED,
    EventType.BOUNCED,
    EventType.OPENED,
    EventType.CLICKED,
    EventType.COMPLAINED,
)
BY_SMTP = "smtp:"  # prefix of the keys of SMTP bounces at the hand-over: those emails were not accepted
CLOCK_TOLERANCE = dt.timedelta(minutes=1)
DISCARDED = (EventType.FAILED, EventType.REJECTED)

Status = Delivery.Status


def reconcile(reports: Sequence[ProviderReport], *, now: dt.datetime) -> None:
    """Update the deliveries of `reports` so that they match all their events, in any order."""
    taken = [r.delivery.pk for r in reports if r.delivery and r.event_type in TAKEN]
    if taken:
        # A delivery that waits for a retry was sent after all. One without an attempt is still being recorded.
        doubtful = Q(status=Status.UNCERTAIN) | Q(status=Status.QUEUED, attempts__gt=0)
        arrived_after_all = Q(status=Status.FAILED, last_word=EventType.DELIVERED)
        rows = _with_last_word(taken).filter(doubtful | arrived_after_all)
        rows.update(status=Status.SENT, sent_at=now, reason="")
    discarded: dict[int, ProviderReport] = {}
    for report in reports:
        if report.delivery and report.event_type in DISCARDED:
            discarded.setdefault(report.delivery.pk, report)
    for pk, report in discarded.items():
        rows = _with_last_word([pk]).filter(Q(last_word__in=DISCARDED))
        reason = f"The provider accepted it, and then reported it as {report.event_type}. {report.detail}".strip()
        ended = rows.filter(status__in=(Status.SENT, Status.UNCERTAIN))
        ended.update(status=Status.FAILED, sent_at=None, reason=reason)


def confirm_sent(pks: Iterable[int], *, now: dt.datetime) -> list[int]:
    """Mark as sent the deliveries that a provider reported. Return the others, which remain uncertain."""
    doubtful = list(pks)
    reported = DeliveryEvent.objects.filter(delivery__in=doubtful, event_type__in=TAKEN)
    # Ignore events from before an admin queued the delivery again.
    reported = reported.filter(happened_at__gte=F("delivery__queued_at") - CLOCK_TOLERANCE)
    taken = set(reported.exclude(event_key__startswith=BY_SMTP).values_list("delivery", flat=True))
    queued = Delivery.objects.filter(pk__in=taken, status=Status.QUEUED)
    queued.update(status=Status.SENT, sent_at=now, reason="", attempts=F("attempts") + 1)
    return [pk for pk in doubtful if pk not in taken]


def _with_last_word(pks: Iterable[int]) -> QuerySet[Delivery]:
    """Return the deliveries, each with the type of its last final event."""
    ends = DeliveryEvent.objects.filter(delivery=OuterRef("pk"), event_type__in=(EventType.DELIVERED, *DISCARDED))
    last = ends.order_by("-happened_at", "-pk").values("event_type")[:1]
    return Delivery.objects.filter(pk__in=pks).alias(last_word=Subquery(last))
