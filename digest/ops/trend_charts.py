"""Charts of readers, digests, problems, papers and likes over two weeks, three months or a year. Days are in UTC."""

import datetime as dt
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format

from digest.editions.due_times import monday_of
from digest.ops import daily_numbers
from digest.ops.daily_numbers import CONSENT, DAY, DELIVERY, LIKES, PAPERS, REPORT, Numbers, What
from digest.ops.daily_totals import meaning_of
from subscriptions.models import Consent
from subscriptions.slow_counts import remembered

WIDTH, HEIGHT = 600, 120  # of a drawing, in its own units
MIN_STEPS = 5  # steps with a number; a chart of fewer says nothing
BAR_SHARE = 0.75  # of a step's width that its bars fill
BOUNCED, COMPLAINED = ("hard", "soft", "policy"), ("complaint",)  # classes of provider reports
MOVES = "Joined and left"  # the title of a chart
RANGES = {"14d": "14 days", "3m": "3 months", "1y": "year"}  # by day, by week and by month

Event = Consent.Event


@dataclass(frozen=True)
class Span:
    """A day, week or month: one step of a chart."""

    begins: dt.date
    ends: dt.date  # exclusive

    @property
    def label(self) -> str:
        days = (self.ends - self.begins).days
        day = date_format(self.begins)
        return day if days == 1 else f"week of {day}" if days == 7 else f"{self.begins:%B %Y}"

    @property
    def short(self) -> str:
        return f"{self.begins:%b %Y}" if (self.ends - self.begins).days > 7 else f"{self.begins.day} {self.begins:%b}"


@dataclass(frozen=True)
class Rows:
    """A list in the admin of the rows that are counted. `date` is the field with their date."""

    model: str  # such as digest_delivery
    date: str
    filters: dict[str, str] = field(default_factory=dict)
    since: dt.date = dt.date.min  # earlier rows were deleted, and only the daily totals are left

    def address(self, begins: dt.date, ends: dt.date) -> str:
        if begins < self.since:
            return Rows("digest_dailytotal", "day").address(begins, ends)
        midnight = " 00:00:00+00:00" if self.date.endswith("_at") else ""
        span = {f"{self.date}__gte": f"{begins}{midnight}", f"{self.date}__lt": f"{ends}{midnight}"}
        return f"{reverse(f'admin:{self.model}_changelist')}?{urlencode(self.filters | span)}"


@dataclass(frozen=True)
class Series:
    """One number for each step, and the list of its rows, for staff who may view them."""

    name: str
    numbers: tuple[int, ...]
    total: int
    rows: Rows | None = None

    def address(self, begins: dt.date, ends: dt.date) -> str:
        return self.rows.address(begins, ends) if self.rows else ""


@dataclass(frozen=True)
class Bar:
    """One number of one step, in the units of the drawing."""

    name: str
    span: Span
    number: int
    order: int  # of its series in the chart
    address: str
    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        return HEIGHT - self.height


@dataclass(frozen=True)
class Chart:
    """One or more series over the same steps, as bars or as a line."""

    title: str
    spans: tuple[Span, ...]
    series: tuple[Series, ...]
    model: str = ""  # only staff who may view this model see the chart
    is_line: bool = False

    @property
    def has_enough(self) -> bool:
        """Return whether enough steps have a number to be drawn."""
        return sum(any(numbers) for numbers in zip(*(one.numbers for one in self.series), strict=True)) >= MIN_STEPS

    @cached_property
    def top(self) -> int:
        """The number at the top of the axis: an even one, so that its half is whole."""
        most, step = max((number for one in self.series for number in one.numbers), default=0), 1
        while most > 10 * step:
            step *= 10
        return next(factor * step for factor in (2, 4, 6, 10) if most <= factor * step)

    @property
    def axis(self) -> tuple[int, int, int]:
        return self.top, self.top // 2, 0

    @property
    def ends(self) -> tuple[Span, Span, Span]:
        """The first, the middle and the last step."""
        return self.spans[0], self.spans[len(self.spans) // 2], self.spans[-1]

    @property
    def totals(self) -> list[tuple[str, int, str]]:
        """The name and total of each series, and the address of its rows or an empty string."""
        begins, ends = self.spans[0].begins, self.spans[-1].ends
        return [(one.name, one.total, one.address(begins, ends)) for one in self.series]

    @property
    def bars(self) -> Iterator[Bar]:
        step = WIDTH / len(self.spans)
        width = step * BAR_SHARE / len(self.series)
        for column, span in enumerate(self.spans):
            for order, one in enumerate(self.series):
                number = one.numbers[column]
                height = round(max(HEIGHT * number / self.top, 1), 1) if number else 0
                x = round(column * step + step * (1 - BAR_SHARE) / 2 + order * width, 1)
                address = one.address(span.begins, span.ends) if number else ""
                yield Bar(one.name, span, number, order, address, x, round(width, 1), height)

    @property
    def points(self) -> str:
        """The points of a line through the first series."""
        step = WIDTH / len(self.spans)
        places = enumerate(self.series[0].numbers)
        return " ".join(f"{(at + 0.5) * step:.1f},{HEIGHT - HEIGHT * number / self.top:.1f}" for at, number in places)

    @property
    def table(self) -> list[tuple[Span, list[tuple[int, str]]]]:
        """Each step with the number of each series and the address of its rows, the newest first."""
        columns = reversed(list(enumerate(self.spans)))
        return [
            (span, [(one.numbers[column], one.address(span.begins, span.ends)) for one in self.series])
            for column, span in columns
        ]

    @property
    def busy_rows(self) -> list[tuple[Span, list[tuple[int, str]]]]:
        """The rows of the table that have a number other than 0."""
        return [(span, numbers) for span, numbers in self.table if any(number for number, _ in numbers)]

    def only(self, title: str, *names: str) -> "Chart":
        """Return a chart of some of the series."""
        return Chart(title, self.spans, tuple(one for one in self.series if one.name in names), self.model)


def charts(*, now: dt.datetime, span: str = "14d", readers: int = 0, linked: Container[str] = ()) -> list[Chart]:
    """Return the charts of a range up to today.

    `span` is a key of RANGES, `readers` is how many are subscribed now, and `linked` holds the models whose rows this
    member of staff may view.
    """
    today = now.date()
    spans = tuple(_spans(span, today))
    make = _maker(spans, today, linked)
    of_readers = "subscriptions_subscriber"
    joined = make(
        "Joined", [(CONSENT, Event.CONFIRMED), (CONSENT, Event.RESUBSCRIBED)], Rows(of_readers, "confirmed_at")
    )
    left = make("Left", [(CONSENT, Event.WITHDRAWN)], Rows(of_readers, "unsubscribed_at"))
    sent = make.deliveries("Sent", "sent")
    problems = (
        make.deliveries("Failed", "failed"),
        make.reports("Bounced", BOUNCED),
        make.reports("Complaints", COMPLAINED),
    )
    papers = make("Papers", [(PAPERS, "")], Rows("digest_edition", "day"))
    likes = make("Likes", [(LIKES, "")], Rows("digest_opinion", "paper__edition__day", {"verdict__exact": "like"}))
    return [
        Chart("Readers", spans, (_running_total(readers, joined, left),), "subscriber", is_line=True),
        Chart(MOVES, spans, (joined, left), "subscriber"),
        Chart("Digests", spans, (sent,), "delivery"),
        Chart("Problems", spans, problems, "delivery"),
        Chart("Papers in editions", spans, (papers,), "edition"),
        Chart("Likes, by edition", spans, (likes,), "opinion"),
    ]


def emails_by_day(*, now: dt.datetime, linked: Container[str] = ()) -> Chart:
    """Return what became of each day's digests over four weeks."""
    today = now.date()
    spans = tuple(Span(today - ago * DAY, today - (ago - 1) * DAY) for ago in reversed(range(28)))
    make = _maker(spans, today, linked)
    series = (
        make.deliveries("Sent", "sent"),
        make.deliveries("Skipped", "skipped"),
        make.deliveries("Failed", "failed"),
        make.reports("Delivered", ("delivered",), {"event_type__exact": "delivered"}),
        make.reports("Bounced", BOUNCED),
        make.reports("Complaints", COMPLAINED),
    )
    return Chart("Emails by day", spans, series, "dailytotal")


def _maker(spans: tuple[Span, ...], today: dt.date, linked: Container[str]) -> "_SeriesMaker":
    first = spans[0].begins
    numbers = remembered(f"numbers since {first} on {today}", lambda: daily_numbers.numbers_since(first))
    return _SeriesMaker(spans, numbers, linked, today - dt.timedelta(days=settings.RETENTION_DAYS))


@dataclass(frozen=True)
class _SeriesMaker:
    spans: tuple[Span, ...]
    numbers: Numbers
    linked: Container[str]
    kept_since: dt.date  # deliveries and reports of earlier days were deleted

    def __call__(self, name: str, whats: list[What], rows: Rows) -> Series:
        days = [(day, number) for what in whats for day, number in self.numbers.get(what, {}).items()]
        sums = tuple(sum(number for day, number in days if one.begins <= day < one.ends) for one in self.spans)
        may_view = rows.model.partition("_")[2] in self.linked
        return Series(name, sums, sum(sums), rows if may_view else None)

    def deliveries(self, name: str, status: str) -> Series:
        rows = Rows("digest_delivery", "queued_at", {"status__exact": status}, self.kept_since)
        return self(name, [(DELIVERY, status)], rows)

    def reports(self, name: str, classes: tuple[str, ...], filters: dict[str, str] | None = None) -> Series:
        """Return the number of provider reports of these classes."""
        whats = [(kind, what) for kind, what in self.numbers if kind == REPORT and meaning_of(what) in classes]
        filters = filters or {"meaning__in": ",".join(classes)}
        return self(name, whats, Rows("digest_deliveryevent", "happened_at", filters, self.kept_since))


def _running_total(now: int, joined: Series, left: Series) -> Series:
    """Return how many readers there were at the end of each step, counted back from how many there are."""
    totals, number = [], now
    for came, went in reversed(list(zip(joined.numbers, left.numbers, strict=True))):
        totals.append(max(number, 0))
        number += went - came
    return Series("Subscribed", tuple(reversed(totals)), now)


def _spans(span: str, today: dt.date) -> Iterator[Span]:
    match span:
        case "3m":
            for ago in reversed(range(13)):
                begins = monday_of(today) - dt.timedelta(weeks=ago)
                yield Span(begins, begins + dt.timedelta(weeks=1))
        case "1y":
            for ago in reversed(range(12)):
                yield Span(_month(today, ago), _month(today, ago - 1))
        case _:
            for ago in reversed(range(14)):
                yield Span(today - ago * DAY, today - (ago - 1) * DAY)


def _month(today: dt.date, ago: int) -> dt.date:
    """Return the first day of the month that many months before that of `today`."""
    years, month = divmod(today.year * 12 + today.month - 1 - ago, 12)
    return dt.date(years, month + 1, 1)
