"""URL converters for keys, days, weeks and months. A date that does not exist is not a valid address."""

import datetime as dt

from django.urls.converters import StringConverter

YEARS = range(1990, 2200)


def _check_year(day: dt.date) -> dt.date:
    """Return `day`. Raise ValueError for years at the ends of the calendar, where adding a week would overflow."""
    if day.year not in YEARS:
        raise ValueError(day)
    return day


class KeyConverter(StringConverter):
    """A paper's key. It may hold slashes, but no null character, because PostgreSQL can't look for one."""

    regex = r"[^\x00]+"


class DayConverter:
    """A day as 2026-08-20."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return _check_year(dt.date.fromisoformat(value))

    def to_url(self, value: dt.date) -> str:
        return str(value)


class WeekConverter:
    """A week as 2026-W34 (ISO 8601); its Monday in Python."""

    regex = r"\d{4}-W\d{2}"

    def to_python(self, value: str) -> dt.date:
        year, week = value.split("-W")
        return _check_year(dt.date.fromisocalendar(int(year), int(week), 1))

    def to_url(self, value: dt.date) -> str:
        year, week, _ = value.isocalendar()
        return f"{year:04}-W{week:02}"


class MonthConverter:
    """A month as 2026-08; its first day in Python."""

    regex = r"\d{4}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return _check_year(dt.date.fromisoformat(f"{value}-01"))

    def to_url(self, value: dt.date) -> str:
        return f"{value.year:04}-{value.month:02}"
