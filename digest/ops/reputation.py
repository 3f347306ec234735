"""The sender's reputation: the rates of bounces and complaints. Mailbox providers judge a sender by them."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any

from anymail.signals import EventType
from django.conf import settings
from django.db.models import CharField, Count, Expression, F, Q, QuerySet, Value
from django.db.models.functions import Lower, StrIndex, Substr
from django.utils.formats import date_format

from digest import clock
from digest.delivery.events.classification import EventClass
from digest.models import DailyTotal, Delivery, DeliveryEvent
from digest.ops import daily_totals

SPAN = dt.timedelta(days=7)  # whole days, because the admin says “last 7 days”

MOMENT = "j M H:i"
SENT = f"delivery {Delivery.Status.SENT}"

Span = tuple[dt.datetime, dt.datetime]  # the end is exclusive


@dataclass(frozen=True, slots=True)
class ReputationRates:
    """The counts of emails sent and of reports about them, over some days."""

    sent: int = 0
    delivered: int = 0
    hard: int = 0  # bounces: the address does not exist
    soft: int = 0  # bounces: the mailbox is full or unavailable
    policy: int = 0  # bounces: the mailbox provider blocks us
    complaints: int = 0
    left: int = 0  # readers who unsubscribed through their provider
    begins: dt.datetime | None = field(default=None, compare=False)
    ends: dt.datetime | None = field(default=None, compare=False)

    @property
    def bounces(self) -> int:
        return self.hard + self.soft + self.policy

    @property
    def reported(self) -> int:
        return self.delivered + self.bounces + self.complaints + self.left

    @property
    def ended(self) -> int:
        """The emails that were reported as delivered or bounced."""
        return self.delivered + self.bounces

    @property
    def window(self) -> str:
        """The days that the rates are about: “from 26 Nov 00:39 to 3 Dec 00:39 UTC”."""
        if self.begins is None or self.ends is None:
            return "lately"
        return f"from {date_format(self.begins, MOMENT)} to {date_format(self.ends, MOMENT)} UTC"

    @property
    def complained(self) -> str:
        """The complaints, as a fraction of the emails sent."""
        share = f"{self.complaints:,} of {self.sent:,} emails sent {self.window}"
        return f"Readers marked {share} as spam: {self.complaint_rate:.2f} %."

    @property
    def bounced(self) -> str:
        """The bounces, as a fraction of the emails sent."""
        return f"{self.bounces:,} of {self.sent:,} emails sent {self.window} bounced: {self.bounce_rate:.1f} %."

    @property
    def is_significant(self) -> bool:
        """Return whether enough emails were sent for the rates to mean anything."""
        return self.sent >= settings.RATES_FROM_MAILS

    def percent(self, number: int) -> float:
        return 100 * number / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        return self.percent(self.complaints)

    @property
    def bounce_rate(self) -> float:
        return self.percent(self.bounces)

    @property
    def flags(self) -> list[str]:
        """The warnings for the admin, each a sentence."""
        warnings = []
        if self.is_significant and self.complaint_rate >= settings.RED_AT_COMPLAINTS:
            limits = f"{settings.RED_AT_COMPLAINTS:g} % is too many, {settings.PAUSE_AT_COMPLAINTS:g} % stops sending"
            warnings.append(f"{self.complained} {limits}.")
        if self.is_significant and self.bounce_rate >= settings.RED_AT_BOUNCES:
            limits = f"{settings.RED_AT_BOUNCES:g} % is too many, {settings.PAUSE_AT_BOUNCES:g} % stops sending"
            warnings.append(f"{self.bounced} {limits}.")
        return warnings


def recent_rates(*, now: dt.datetime, since: dt.datetime | None = None) -> ReputationRates:
    """Return the rates of the last days (SPAN). If `since` is given, count only emails that were queued after it."""
    begins = max(filter(None, (now - SPAN, since)))
    totals, uncounted = _totals(begins, now), list[Span]()
    for day, first, last in _days(begins, now):
        if day not in totals or last - first < dt.timedelta(days=1):
            _extend(uncounted, first, last)
    # Totals do not show which emails their events are about.
    events = _count(uncounted, uncounted if since is None else [(begins, now)], since)
    sent = events.pop(SENT, 0)
    whole = (day for day, first, last in _days(begins, now) if last - first == dt.timedelta(days=1))
    for what, number in (total for day in whole for total in totals.get(day, ())):
        if what == SENT:
            sent += number
        elif since is None:
            events[what] += number
    return replace(_rates(sent, events), begins=begins, ends=now)


@dataclass(frozen=True, slots=True)
class DomainProblems:
    """The problems that the readers' email domains reported, or the mailbox providers behind them."""

    domain: str
    hard: int = 0
    soft: int = 0
    policy: int = 0
    complaints: int = 0

    @property
    def total(self) -> int:
        return self.hard + self.soft + self.policy + self.complaints


def problems_by_domain(*, now: dt.datetime, most: int = 10) -> list[DomainProblems]:
    """Return the domains with the most bounces and complaints within SPAN, the most first."""
    problems = [str(what) for what in (EventClass.HARD, EventClass.SOFT, EventClass.POLICY, EventClass.COMPLAINT)]
    reports = DeliveryEvent.objects.filter(happened_at__gte=now - SPAN, meaning__in=problems, delivery__isnull=False)
    address = "delivery__subscriber__email"
    domain = Lower(Substr(F(address), StrIndex(F(address), Value("@")) + 1))
    groups: QuerySet[Any] = reports.order_by().annotate(domain=domain).values("domain")
    counted = groups.annotate(total=Count("pk"), **{what: Count("pk", filter=Q(meaning=what)) for what in problems})
    worst: list[dict[str, Any]] = list(counted.order_by("-total", "domain")[:most])
    return [DomainProblems(one["domain"], *(one[what] for what in problems)) for one in worst]


def _rates(sent: int, events: Counter[str]) -> ReputationRates:
    by_meaning: Counter[str] = Counter()
    for what, number in events.items():
        by_meaning[daily_totals.meaning_of(what)] += number
    return ReputationRates(
        sent=sent,
        delivered=events[EventType.DELIVERED],
        hard=by_meaning[EventClass.HARD],
        soft=by_meaning[EventClass.SOFT],
        policy=by_meaning[EventClass.POLICY],
        complaints=by_meaning[EventClass.COMPLAINT],
        left=by_meaning[EventClass.UNSUBSCRIBED],
    )


def _extend(spans: list[Span], first: dt.datetime, last: dt.datetime) -> None:
    """Add a day to `spans`. If it follows the last span, extend that one, to keep the query short."""
    if spans and spans[-1][1] == first:
        first = spans.pop()[0]
    spans.append((first, last))


def _within(field: str, spans: list[Span]) -> Q:
    """Return the condition that `field` is in one of `spans`. The last one ends now, so there always is one."""
    return reduce(or_, (Q(**{f"{field}__gte": first, f"{field}__lt": last}) for first, last in spans))


def _count(sent_in: list[Span], reported_in: list[Span], since: dt.datetime | None) -> Counter[str]:
    """Return how many emails were sent, as SENT, and how many events of each type and class were reported."""
    sent = Delivery.objects.filter(_within("queued_at", sent_in), status=Delivery.Status.SENT)
    reports = DeliveryEvent.objects.filter(_within("happened_at", reported_in))
    if since is not None:  # an admin has acknowledged everything that was sent before
        reports = reports.filter(delivery__queued_at__gte=since)
    counts: Counter[str] = Counter()
    groups = _grouped(sent, Value("delivery", CharField()), F("status"))
    for what, which, number in groups.union(_grouped(reports, F("event_type"), F("meaning")), all=True):
        counts[f"{what} {which}".strip()] += number
    return counts


def _grouped(rows: QuerySet[Any], what: Expression | F, which: F) -> QuerySet[Any]:
    named = rows.order_by().annotate(what=what, which=which)
    groups: QuerySet[Any] = named.values_list("what", "which").annotate(number=Count("pk"))
    return groups


def _days(begins: dt.datetime, now: dt.datetime) -> Iterator[tuple[dt.date, dt.datetime, dt.datetime]]:
    """Yield each day from `begins` to `now` with its first and last moment within that time."""
    day = begins.date()
    while day <= now.date():
        midnight = clock.midnight(day)
        yield day, max(midnight, begins), min(midnight + dt.timedelta(days=1), now)
        day += dt.timedelta(days=1)


def _totals(begins: dt.datetime, now: dt.datetime) -> dict[dt.date, list[tuple[str, int]]]:
    """Return what was counted on each day before today, and how often: only days that were counted are keys."""
    totals: dict[dt.date, list[tuple[str, int]]] = defaultdict(list)
    rows = DailyTotal.objects.filter(day__gte=begins.date(), day__lt=now.date()).order_by()
    for day, kind, what, number in rows.values_list("day", "kind", "what", "number"):
        totals[day].append((f"delivery {what}" if kind == DailyTotal.Kind.DELIVERY else what, number))
    return totals
