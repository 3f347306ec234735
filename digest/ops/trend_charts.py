"""Small charts of the last days: papers, digests sent, readers who subscribed and left. Days are in UTC."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from digest import clock
from digest.models import DailyTotal, Delivery, Edition
from subscriptions.models import Consent

DAYS = 14
# In the units of the drawing: the width of a day, the gap before the next day, and the height of the highest bar.
STEP, GAP, HEIGHT = 20, 4, 48

ByDay = Mapping[dt.date, int]
Event = Consent.Event


@dataclass(frozen=True)
class Bar:
    """One number of one day."""

    name: str
    day: dt.date
    number: int
    order: int  # of its series in the chart; the first has the plain colour
    x: int
    width: int
    height: int

    @property
    def y(self) -> int:
        return HEIGHT - self.height


@dataclass(frozen=True)
class Chart:
    """One or more series of numbers by day, such as readers who came and readers who left."""

    series: Mapping[str, ByDay]
    days: list[dt.date]
    model: str = ""  # only staff who may view this model see the chart

    @property
    def width(self) -> int:
        return STEP * len(self.days)

    @property
    def summary(self) -> str:
        """The sum of each series, in words."""
        sums = ((name, sum(numbers.get(day, 0) for day in self.days)) for name, numbers in self.series.items())
        return ", ".join(f"{name}: {number}" for name, number in sums)

    @property
    def bars(self) -> Iterator[Bar]:
        most = max((numbers.get(day, 0) for numbers in self.series.values() for day in self.days), default=0)
        width = (STEP - GAP) // len(self.series)
        for column, day in enumerate(self.days):
            for order, (name, numbers) in enumerate(self.series.items()):
                number = numbers.get(day, 0)
                height = max(round(HEIGHT * number / most), 1) if number else 0
                yield Bar(name, day, number, order, column * STEP + order * width, width, height)


def charts(*, now: dt.datetime) -> list[Chart]:
    """Return the charts of the last days, including today."""
    days = [now.date() - dt.timedelta(days=ago) for ago in reversed(range(DAYS))]
    first = clock.midnight(days[0])
    readers = {"Readers who came": (Event.CONFIRMED, Event.RETURNED), "who left": (Event.WITHDRAWN,)}
    return [
        Chart({"Papers in editions": _papers(days[0])}, days, "edition"),
        Chart({"Digests sent": _sent(first)}, days, "delivery"),
        Chart({name: _consents(first, events) for name, events in readers.items()}, days, "subscriber"),
    ]


def _papers(first: dt.date) -> ByDay:
    shown = Edition.objects.filter(day__gte=first, papers__is_hidden=False).order_by()
    return dict(shown.values_list("day").annotate(Count("papers")))


def _sent(first: dt.datetime) -> ByDay:
    """Return the number of digests sent, by the day of their planning.

    Counted days have totals. The rows of later days are counted here.
    """
    totals = DailyTotal.objects.filter(kind=DailyTotal.Kind.DELIVERY, day__gte=first.date()).order_by()
    last = totals.order_by("-day").values_list("day", flat=True).first()
    counted = dict(totals.filter(what=Delivery.Status.SENT).values_list("day").annotate(Sum("number")))
    since = clock.midnight(last + dt.timedelta(days=1)) if last else first
    rows = Delivery.objects.filter(queued_at__gte=since, status=Delivery.Status.SENT).order_by()
    return Counter(counted) + Counter(dict(rows.values_list(TruncDate("queued_at")).annotate(Count("pk"))))


def _consents(first: dt.datetime, events: tuple[str, ...]) -> ByDay:
    rows = Consent.objects.filter(happened_at__gte=first, event__in=events).order_by()
    return dict(rows.values_list(TruncDate("happened_at")).annotate(Count("pk")))
