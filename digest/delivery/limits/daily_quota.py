"""The daily quota: how many emails a day (UTC) allows, also during the warm-up of a new domain, and how many were sent.

The count is always in the database.
"""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Greatest

from digest import clock
from digest.models import Allowance

NAME = "day "


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A warm-up plan: a new domain sends little at first, and then twice as much every few days.

    Mailbox providers expect this before they trust a domain.
    """

    since: dt.date
    first_day: int  # emails
    doubles_every: int  # days

    def cap(self, day: dt.date) -> int | None:
        """Return how many emails may be sent on `day`, or None after the plan, which ends far above any real volume."""
        doublings = max((day - self.since).days, 0) // self.doubles_every
        return self.first_day * 2**doublings if doublings < 24 else None


def cap(day: dt.date) -> int | None:
    """Return how many emails may be sent on `day`, or None if there is no limit."""
    plan = warm_up()
    caps = [number for number in (settings.SEND_PER_DAY or None, plan.cap(day) if plan else None) if number]
    return min(caps, default=None)


def warm_up() -> WarmUp | None:
    """Return the plan that warms up a new sender domain, or None if there is none."""
    if not settings.WARM_UP_FROM:
        return None
    return WarmUp(settings.WARM_UP_FROM, settings.WARM_UP_FIRST_DAY, settings.WARM_UP_DOUBLES_EVERY)


def take(wanted: int, *, now: dt.datetime) -> int:
    """Take up to `wanted` emails out of today's quota. Return how many were left to take."""
    most = cap(now.date())
    if most is None:
        return wanted
    name = _name(now)
    Allowance.objects.bulk_create([Allowance(name=name, level=0, at=now)], ignore_conflicts=True)
    while wanted > 0:
        if Allowance.objects.filter(name=name, level__lte=most - wanted).update(level=F("level") + wanted):
            return wanted
        wanted = min(wanted - 1, most - taken(now=now))
    return 0


def give_back(unused: int, *, now: dt.datetime) -> None:
    """Return `unused` emails to today's quota."""
    if unused and cap(now.date()) is not None:
        rest = Greatest(F("level") - unused, Value(0.0))
        Allowance.objects.filter(name=_name(now)).update(level=rest)


def taken(*, now: dt.datetime) -> int:
    """Return how many emails were taken out of today's quota."""
    level = Allowance.objects.filter(name=_name(now)).values_list("level", flat=True).first()
    return int(level or 0)


def seconds_left(now: dt.datetime) -> float:
    """Return the seconds until the next day begins (UTC)."""
    tomorrow = clock.midnight(now.date() + dt.timedelta(days=1))
    return (tomorrow - now).total_seconds()


def delete_old(*, before: dt.date) -> int:
    """Delete the counts of days before `before`. Return how many there were."""
    old = Allowance.objects.filter(name__startswith=NAME, name__lt=f"{NAME}{before}")
    return old.delete()[0]


def _name(now: dt.datetime) -> str:
    return f"{NAME}{now.date()}"
