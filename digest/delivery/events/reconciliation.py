"""What follows for the delivery's row: a doubtful one was sent after all, one that was taken is thrown away later."""

import datetime as dt
from collections.abc import Iterable, Sequence

from anymail.signals import EventType
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from digest.delivery.events.actions import ProviderReport
from digest.models import Delivery, DeliveryEvent

# The provider can only say this of what it has.
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
BY_SMTP = "smtp:"  # keys of what a mail server said at the hand-over, of mails that it did not take
CLOCKS_DIFFER = dt.timedelta(minutes=1)
THROWN_AWAY = (EventType.FAILED, EventType.REJECTED)

Status = Delivery.Status


def reconcile(reports: Sequence[ProviderReport], *, now: dt.datetime) -> None:
    """Bring the rows of `reports` into line with all that was reported of them, in whatever order it came."""
    taken = [r.delivery.pk for r in reports if r.delivery and r.event_type in TAKEN]
    if taken:
        # One that waits for another try after a doubtful one needs none. One never tried is still being recorded.
        doubtful = Q(status=Status.UNCERTAIN) | Q(status=Status.QUEUED, attempts__gt=0)
        arrived_after_all = Q(status=Status.FAILED, last_word=EventType.DELIVERED)
        rows = _with_last_word(taken).filter(doubtful | arrived_after_all)
        rows.update(status=Status.SENT, sent_at=now, reason="")
    thrown_away: dict[int, ProviderReport] = {}
    for report in reports:
        if report.delivery and report.event_type in THROWN_AWAY:
            thrown_away.setdefault(report.delivery.pk, report)
    for pk, report in thrown_away.items():
        rows = _with_last_word([pk]).filter(Q(last_word__in=THROWN_AWAY))
        reason = f"The provider took it, and then reported it as {report.event_type}. {report.detail}".strip()
        ended = rows.filter(status__in=(Status.SENT, Status.UNCERTAIN))
        ended.update(status=Status.FAILED, sent_at=None, reason=reason)


def confirm_sent(pks: Iterable[int], *, now: dt.datetime) -> list[int]:
    """Of deliveries that may have been handed over, those of which nobody knows. The others were reported: sent."""
    doubtful = list(pks)
    told = DeliveryEvent.objects.filter(delivery__in=doubtful, event_type__in=TAKEN)
    told = told.filter(happened_at__gte=F("delivery__queued_at") - CLOCKS_DIFFER)  # not before a person sent it anew
    taken = set(told.exclude(event_key__startswith=BY_SMTP).values_list("delivery", flat=True))
    queued = Delivery.objects.filter(pk__in=taken, status=Status.QUEUED)
    queued.update(status=Status.SENT, sent_at=now, reason="", attempts=F("attempts") + 1)
    return [pk for pk in doubtful if pk not in taken]


def _with_last_word(pks: Iterable[int]) -> QuerySet[Delivery]:
    """The rows, with the type of the last event that says how each ended."""
    ends = DeliveryEvent.objects.filter(delivery=OuterRef("pk"), event_type__in=(EventType.DELIVERED, *THROWN_AWAY))
    last = ends.order_by("-happened_at", "-pk").values("event_type")[:1]
    return Delivery.objects.filter(pk__in=pks).alias(last_word=Subquery(last))
