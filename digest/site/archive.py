"""The editions there are: which came before and after, a month as a calendar, a week's and a month's best papers."""

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from digest.models import Edition, Paper, QuietDay

DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class DateRange:
    """Some days in a row, and the nearest day with an edition before and after them."""

    first: dt.date
    last: dt.date
    before: dt.date | None
    after: dt.date | None


@dataclass(frozen=True)
class CalendarDay:
    """One day of a calendar: how many papers its edition shows; without one None, and the cause where it is known."""

    day: dt.date
    is_within: bool  # the month at hand
    papers: int | None
    cause: str | None = None  # see QuietDay.Cause


def span(first: dt.date, last: dt.date) -> DateRange:
    """From `first` to `last`, both included."""
    before = Edition.objects.filter(day__lt=first).order_by("-day").values_list("day", flat=True).first()
    after = Edition.objects.filter(day__gt=last).order_by("day").values_list("day", flat=True).first()
    return DateRange(first, last, before, after)


def week_of(day: dt.date) -> DateRange:
    monday = day - dt.timedelta(days=day.weekday())
    return span(monday, monday + 6 * DAY)


def month_of(day: dt.date) -> DateRange:
    return span(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def weeks(month: DateRange) -> list[list[CalendarDay]]:
    """The month's weeks, Monday to Sunday, filled up with the days around it."""
    rows = calendar.Calendar().monthdatescalendar(month.first.year, month.first.month)
    shown = Count("papers", filter=Q(papers__is_hidden=False))
    around = {"day__gte": rows[0][0], "day__lte": rows[-1][-1]}
    papers = dict(Edition.objects.filter(**around).annotate(shown=shown).order_by().values_list("day", "shown"))
    quiet = dict(QuietDay.objects.filter(**around).values_list("day", "cause"))
    return [[CalendarDay(d, d.month == month.first.month, papers.get(d), quiet.get(d)) for d in row] for row in rows]


def editions_in(days: DateRange) -> list[dt.date]:
    """The days with an edition, in order."""
    return list(
        Edition.objects.filter(day__range=(days.first, days.last)).order_by("day").values_list("day", flat=True)
    )


def best_of(days: DateRange, count: int) -> list[Paper]:
    """The papers of these days' editions that have the most votes now."""
    editions = list(Edition.objects.filter(day__range=(days.first, days.last)).values_list("pk", flat=True))
    # First their keys alone: an index holds all that ranks them, and a month has twenty thousand.
    ranked = Paper.objects.filter(edition__in=editions, is_hidden=False).order_by("-votes", "-edition_votes", "pk")
    keys = list(ranked.values_list("pk", flat=True)[:count])
    papers = Paper.objects.select_related("edition").in_bulk(keys)
    return [papers[key] for key in keys]


def newest(count: int) -> Sequence[Edition]:
    """The last editions, the newest first."""
    return list(Edition.objects.order_by("-day")[:count])
