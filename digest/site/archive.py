"""The archive of editions: the previous and the next one, a month as a calendar, the best papers of a week or month."""

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Q, QuerySet

from digest.editions import publication
from digest.editions.due_times import monday_of
from digest.models import Edition, Paper, QuietDay

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class DateRange:
    """A range of days, and the nearest days with an edition before and after it."""

    first: dt.date
    last: dt.date
    before: dt.date | None
    after: dt.date | None


@dataclass(frozen=True)
class CalendarDay:
    """One day of a calendar."""

    day: dt.date
    is_within: bool  # True if the day belongs to the month, and not to the weeks' other days
    papers: int | None  # that the day's edition shows; None if there is no edition
    cause: str | None = None  # why there is no edition, if known: see QuietDay.Cause


def span(first: dt.date, last: dt.date) -> DateRange:
    """Return the range from `first` to `last`, both included."""
    nearest = Edition.objects.aggregate(
        before=Max("day", filter=Q(day__lt=first)), after=Min("day", filter=Q(day__gt=last))
    )
    return DateRange(first, last, **nearest)


def week_of(day: dt.date) -> DateRange:
    monday = monday_of(day)
    return span(monday, monday + 6 * DAY)


def month_of(day: dt.date) -> DateRange:
    return span(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def weeks(month: DateRange) -> list[list[CalendarDay]]:
    """Return the weeks of a month, Monday to Sunday, filled up with days of the months before and after."""
    rows = calendar.Calendar().monthdatescalendar(month.first.year, month.first.month)
    shown = Count("papers", filter=Q(papers__is_hidden=False))
    within = {"day__gte": rows[0][0], "day__lte": rows[-1][-1]}
    papers = dict(Edition.objects.filter(**within).annotate(shown=shown).order_by().values_list("day", "shown"))
    quiet = dict(QuietDay.objects.filter(**within).values_list("day", "cause"))
    return [[CalendarDay(d, d.month == month.first.month, papers.get(d), quiet.get(d)) for d in row] for row in rows]


def editions_in(days: DateRange) -> list[Edition]:
    """Return the editions of these days, the earliest first."""
    return list(Edition.objects.filter(day__range=(days.first, days.last)).order_by("day"))


def by_votes(editions: Sequence[Edition]) -> QuerySet[Paper]:
    """Return the papers of several editions, those with the most votes now first."""
    shown = Paper.objects.filter(edition__in=[edition.pk for edition in editions], is_hidden=False)
    return shown.order_by(*publication.BY_VOTES)


def last_editions(count: int) -> Sequence[Edition]:
    """Return the last `count` editions, the newest first."""
    return list(Edition.objects.order_by("-day")[:count])
