"""Daily totals of deliveries and events, which remain when the rows are deleted.

Each day is counted when it is over, and again on the following days, because providers' reports come late.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, QuerySet

from digest import clock
from digest.models import DailyTotal, Delivery, DeliveryEvent
from digest.models.editions import Edition

RECOUNT_FOR = dt.timedelta(days=4)  # how long a day is counted again

Kind = DailyTotal.Kind


def count_days(*, now: dt.datetime) -> int:
    """Count the days that are over, except those that were counted for the last time. Return how many."""
    days = _days_to_count(now)
    for day in days:
        _count(day)
    return len(days)


def counted_until() -> dt.date | None:
    """Return the last day that was counted, or None."""
    return DailyTotal.objects.order_by("-day").values_list("day", flat=True).first()


def what(event_type: str, meaning: str) -> str:
    return f"{event_type} {meaning}".strip()


def meaning_of(what: str) -> str:
    """Return the class of the events that `what` names, or their type if they have no class."""
    return what.rpartition(" ")[2]


def _days_to_count(now: dt.datetime) -> list[dt.date]:
    last = counted_until()
    if last is None:
        oldest = [Delivery.objects.aggregate(at=Min("queued_at"))["at"]]
        oldest.append(DeliveryEvent.objects.aggregate(at=Min("happened_at"))["at"])
        first = min((moment.date() for moment in oldest if moment), default=now.date())
    else:
        first = min(last + dt.timedelta(days=1), now.date() - RECOUNT_FOR)
    return [first + dt.timedelta(days=ago) for ago in range((now.date() - first).days)]


def _count(day: dt.date) -> None:
    deliveries = _of_day(Delivery.objects.all(), "queued_at", day).order_by()
    by_status = deliveries.values_list("edition", "status").annotate(Count("pk"))
    events = _of_day(DeliveryEvent.objects.all(), "happened_at", day).order_by()
    by_type = events.values_list("delivery__edition", "event_type", "meaning").annotate(Count("pk"))
    rows = [DailyTotal(day=day, kind=Kind.DELIVERY, edition_id=e, what=s, number=n) for e, s, n in by_status]
    rows += [DailyTotal(day=day, kind=Kind.EVENT, edition_id=e, what=what(t, m), number=n) for e, t, m, n in by_type]
    if not rows:  # store a row for a day without emails as well, so that the next count begins after it
        newest = Edition.objects.order_by("-day").first()
        rows = [DailyTotal(day=day, kind=Kind.DELIVERY, edition=newest, what=Delivery.Status.SENT, number=0)]
    with transaction.atomic():
        DailyTotal.objects.filter(day=day).delete()
        DailyTotal.objects.bulk_create(rows, batch_size=500)


def _of_day(rows: QuerySet[Any], field: str, day: dt.date) -> QuerySet[Any]:
    """Return the rows of `day` by a range of times, because an index can answer it."""
    begins = clock.midnight(day)
    return rows.filter(**{f"{field}__gte": begins, f"{field}__lt": begins + dt.timedelta(days=1)})
