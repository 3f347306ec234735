"""Keys, days, weeks and months in addresses. What is none of the calendar is no address."""

import datetime as dt

from django.urls.converters import StringConverter

YEARS = range(1990, 2200)


def _within_reason(day: dt.date) -> dt.date:
    """`day`. Raises ValueError for a year near the ends of the calendar, where a week later is no day any more."""
    if day.year not in YEARS:
        raise ValueError(day)
    return day


class KeyConverter(StringConverter):
    """A paper's key, which may hold slashes. No database takes a null character."""

    regex = r"[^\x00]+"


class DayConverter:
    """A day as 2026-08-20."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return _within_reason(dt.date.fromisoformat(value))

    def to_url(self, value: dt.date) -> str:
        return str(value)


class WeekConverter:
    """A week as 2026-W34 (ISO 8601); in Python its Monday."""

    regex = r"\d{4}-W\d{2}"

    def to_python(self, value: str) -> dt.date:
        year, week = value.split("-W")
        return _within_reason(dt.date.fromisocalendar(int(year), int(week), 1))

    def to_url(self, value: dt.date) -> str:
        year, week, _ = value.isocalendar()
        return f"{year:04}-W{week:02}"


class MonthConverter:
    """A month as 2026-08; in Python its first day."""

    regex = r"\d{4}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return _within_reason(dt.date.fromisoformat(f"{value}-01"))

    def to_url(self, value: dt.date) -> str:
        return f"{value.year:04}-{value.month:02}"
