"""When a reader's digest is due: at the next full hour they chose, in their own zone. Pure."""

import datetime as dt
from typing import NamedTuple

from subscriptions.time_zones import zone_of

SATURDAY = 5  # dt.date.weekday()


class Slot(NamedTuple):
    """What readers with the same schedule share."""

    frequency: str  # daily, weekdays or weekly
    time_zone: str
    send_hour: int  # 0–23, local


def due_at(slot: Slot, mail_from: dt.datetime) -> dt.datetime:
    """The first moment (UTC) at or after `mail_from` that is the slot's hour, on a day that suits it.

    Where the clock jumps over that hour, the mail comes when the hour would have been; where it comes twice,
    at the first.
    """
    zone = zone_of(slot.time_zone)
    day = mail_from.astimezone(zone).date()
    while True:
        moment = dt.datetime.combine(day, dt.time(slot.send_hour), zone).astimezone(dt.UTC)
        if moment >= mail_from and not (slot.frequency == "weekdays" and day.weekday() >= SATURDAY):
            return moment
        day += dt.timedelta(days=1)


def weekly_from(day: dt.date, newest_of_week: dt.date, mail_from: dt.datetime, publish_hour: int) -> dt.datetime | None:
    """From when the edition of `day` may go out as the week's digest; None where it isn't the one that does.

    That is the last edition of Monday to Friday, `newest_of_week`. Friday's closes the week at once. Where
    there is none, that is only certain when Saturday's `publish_hour` (UTC) has come: until then Friday's may.
    """
    if day != newest_of_week:
        return None
    friday = day + dt.timedelta(days=SATURDAY - 1 - day.weekday())
    saturday = dt.datetime.combine(friday + dt.timedelta(days=1), dt.time(publish_hour), dt.UTC)
    return mail_from if day == friday else max(mail_from, saturday)


def next_weekly(slot: Slot, now: dt.datetime, publish_hour: int) -> dt.date:
    """The day, in the slot's own zone, on which the next weekly digest is due, if Friday gets its edition."""
    friday = monday_of(now.date()) + dt.timedelta(days=SATURDAY - 1)
    # A little after the hour, when the edition is out: who chose that very hour gets it a day later.
    out = dt.datetime.combine(friday, dt.time(publish_hour, 1), dt.UTC)
    due = due_at(slot, out)
    if due < now:
        due = due_at(slot, out + dt.timedelta(days=7))
    return due.astimezone(zone_of(slot.time_zone)).date()


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())
