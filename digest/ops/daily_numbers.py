"""The numbers of each day for the charts: papers, deliveries, provider reports, sign-ups and likes, in two queries."""

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db.models import CharField, Count, Expression, F, Max, QuerySet, Sum, Value
from django.db.models.functions import Concat, TruncDate

from digest import clock
from digest.models import DailyTotal, Delivery, DeliveryEvent, Edition, Opinion
from subscriptions.models import Consent

DAY = dt.timedelta(days=1)
PAPERS, DELIVERY, REPORT, CONSENT, LIKES = "papers", "delivery", "event", "consent", "likes"

What = tuple[str, str]  # the kind, and what was counted: a status, or the type and class of a report
Numbers = dict[What, dict[dt.date, int]]


def numbers_since(first: dt.date) -> Numbers:
    """Return the numbers by day from `first` to today.

    Deliveries and reports come from the daily totals, and from their rows for the days that have no totals yet.
    """
    begins = clock.midnight(first)
    counted = DailyTotal.objects.filter(day__gte=first).aggregate(last=Max("day"))["last"]
    since = clock.midnight(counted + DAY) if counted else begins
    totals = DailyTotal.objects.filter(day__gte=first)
    deliveries = Delivery.objects.filter(queued_at__gte=since)
    reports = DeliveryEvent.objects.filter(happened_at__gte=since)
    consents = Consent.objects.filter(happened_at__gte=begins)
    papers = Edition.objects.filter(day__gte=first, papers__is_hidden=False)
    likes = Opinion.objects.filter(verdict=Opinion.Verdict.LIKE, paper__edition__day__gte=first)
    type_and_class = Concat("event_type", Value(" "), "meaning", output_field=CharField())
    parts = (
        _counts(papers, _text(PAPERS), _text(""), F("day"), Count("papers")),
        _counts(totals, F("kind"), F("what"), F("day"), Sum("number")),
        _counts(deliveries, _text(DELIVERY), F("status"), TruncDate("queued_at")),
        _counts(reports, _text(REPORT), type_and_class, TruncDate("happened_at")),
        _counts(consents, _text(CONSENT), F("event"), TruncDate("happened_at")),
        _counts(likes, _text(LIKES), _text(""), F("paper__edition__day")),
    )
    numbers: Numbers = defaultdict(lambda: defaultdict(int))
    for kind, what, day, number in parts[0].union(*parts[1:], all=True):
        numbers[kind, what.strip()][day] += number
    return {what: dict(by_day) for what, by_day in numbers.items()}


def _counts(
    rows: QuerySet[Any], kind: Expression | F, what: Expression | F, day: Expression | F, number: Any = None
) -> QuerySet[Any]:
    """Return the kind, what is counted, the day and the number of each group of `rows`."""
    named = rows.order_by().annotate(of_kind=kind, of_what=what, on_day=day)
    groups: QuerySet[Any] = named.values_list("of_kind", "of_what", "on_day").annotate(how_many=number or Count("pk"))
    return groups


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())
