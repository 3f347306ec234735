"""The time when a reader's digest is due: the next full hour that they chose, in their time zone. Pure."""

import datetime as dt
from typing import NamedTuple, Protocol

from subscriptions.time_zones import zone_of

WEEKEND = (6, 7)  # ISO numbers of the weekdays without an edition


class Scheduled(Protocol):
    """A reader, as far as their schedule goes."""

    frequency: str
    time_zone: str
    send_hour: int


class Schedule(NamedTuple):
    """The schedule that several readers share."""

    frequency: str  # daily, weekdays or weekly
    time_zone: str
    send_hour: int  # 0–23, local

    @classmethod
    def of(cls, reader: Scheduled) -> "Schedule":
        return cls(reader.frequency, reader.time_zone, reader.send_hour)


def due_at(schedule: Schedule, send_after: dt.datetime) -> dt.datetime:
    """Return the first time (UTC) at or after `send_after` at the schedule's hour, on a day of its frequency.

    If the clock skips that hour, the digest is due when the hour would have been. If the hour comes twice, it is due
    the first time.
    """
    zone = zone_of(schedule.time_zone)
    day = send_after.astimezone(zone).date()
    while True:
        moment = dt.datetime.combine(day, dt.time(schedule.send_hour), zone).astimezone(dt.UTC)
        if moment >= send_after and (schedule.frequency != "weekdays" or is_weekday(day)):
            return moment
        day += dt.timedelta(days=1)


def weekly_send_from(
    day: dt.date, last_day_with_edition: dt.date, send_after: dt.datetime, publish_hour: int
) -> dt.datetime | None:
    """Return the earliest time for the weekly digests that end with the edition of `day`, or None if a later one does.

    They end with the week's last edition from Monday to Friday, that of `last_day_with_edition`. Friday's edition lets
    them go at once, an earlier one at `publish_hour` (UTC) on Saturday, because until then Friday's may still come.
    """
    if day != last_day_with_edition:
        return None
    friday = friday_of(day)
    saturday = dt.datetime.combine(friday + dt.timedelta(days=1), dt.time(publish_hour), dt.UTC)
    return send_after if day == friday else max(send_after, saturday)


def next_due(schedule: Schedule, now: dt.datetime, publish_hour: int) -> dt.datetime:
    """Return when the next digest is due, in the schedule's time zone, if there is an edition for it."""
    next_digest = _next_weekly if schedule.frequency == "weekly" else _next_daily
    return next_digest(schedule, now, publish_hour).astimezone(zone_of(schedule.time_zone))


def _next_weekly(schedule: Schedule, now: dt.datetime, publish_hour: int) -> dt.datetime:
    friday = friday_of(now.date())
    published = _published(friday, publish_hour)
    due = due_at(schedule, published)
    return due if due >= now else due_at(schedule, published + dt.timedelta(days=7))


def _next_daily(schedule: Schedule, now: dt.datetime, publish_hour: int) -> dt.datetime:
    day = now.date()
    while True:
        published = _published(day, publish_hour)
        if published > now and is_weekday(day):
            return due_at(schedule, published)
        day += dt.timedelta(days=1)


def _published(day: dt.date, publish_hour: int) -> dt.datetime:
    # The edition is out a minute after the hour, so readers who chose that hour get it a day later.
    return dt.datetime.combine(day, dt.time(publish_hour, 1), dt.UTC)


def is_weekday(day: dt.date) -> bool:
    return day.isoweekday() not in WEEKEND


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def friday_of(day: dt.date) -> dt.date:
    return monday_of(day) + dt.timedelta(days=4)
