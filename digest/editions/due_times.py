"""The time when a reader's digest is due: the next full hour that they chose, in their time zone. Pure."""

import datetime as dt
from typing import NamedTuple

from subscriptions.time_zones import zone_of


class Schedule(NamedTuple):
    """The schedule that several readers share."""

    frequency: str  # daily, weekdays or weekly
    time_zone: str
    send_hour: int  # 0–23, local


def due_at(schedule: Schedule, mail_from: dt.datetime) -> dt.datetime:
    """Return the first time (UTC) at or after `mail_from` at the schedule's hour, on a day of its frequency.

    If the clock skips that hour, the digest is due when the hour would have been. If the hour comes twice, it is due
    the first time.
    """
    zone = zone_of(schedule.time_zone)
    day = mail_from.astimezone(zone).date()
    while True:
        moment = dt.datetime.combine(day, dt.time(schedule.send_hour), zone).astimezone(dt.UTC)
        if moment >= mail_from and (schedule.frequency != "weekdays" or is_weekday(day)):
            return moment
        day += dt.timedelta(days=1)


def weekly_from(day: dt.date, newest_of_week: dt.date, mail_from: dt.datetime, publish_hour: int) -> dt.datetime | None:
    """Return the earliest time the edition of `day` may be sent for its week, or None if another one closes the week.

    The week is closed by its last edition from Monday to Friday, `newest_of_week`. Friday's edition closes it at once.
    An earlier one closes it at `publish_hour` (UTC) on Saturday, because until then Friday's may still come.
    """
    if day != newest_of_week:
        return None
    friday = friday_of(day)
    saturday = dt.datetime.combine(friday + dt.timedelta(days=1), dt.time(publish_hour), dt.UTC)
    return mail_from if day == friday else max(mail_from, saturday)


def next_weekly(schedule: Schedule, now: dt.datetime, publish_hour: int) -> dt.date:
    """Return the day of the next weekly digest, in the schedule's time zone, if Friday gets an edition."""
    friday = friday_of(now.date())
    # The edition is out a minute after the hour, so readers who chose that hour get it a day later.
    published = dt.datetime.combine(friday, dt.time(publish_hour, 1), dt.UTC)
    due = due_at(schedule, published)
    if due < now:
        due = due_at(schedule, published + dt.timedelta(days=7))
    return due.astimezone(zone_of(schedule.time_zone)).date()


def next_daily(schedule: Schedule, now: dt.datetime, publish_hour: int) -> dt.datetime:
    """Return when the digest of the next edition after `now` is due, if the next weekday gets an edition."""
    day = now.date()
    while True:
        published = dt.datetime.combine(day, dt.time(publish_hour, 1), dt.UTC)
        if published > now and is_weekday(day):
            return due_at(schedule, published)
        day += dt.timedelta(days=1)


def is_weekday(day: dt.date) -> bool:
    return day.weekday() < 5


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def friday_of(day: dt.date) -> dt.date:
    return monday_of(day) + dt.timedelta(days=4)
