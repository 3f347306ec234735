"""Time zones as readers name them (IANA)."""

import datetime as dt
import zoneinfo
from functools import cache
from importlib.resources import files

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


@cache
def time_zones() -> tuple[str, ...]:
    """Every zone a reader can choose, in order: places, and UTC; without the aliases that name no place."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(NO_PLACES))
    return ("UTC", *sorted(places))


@cache
def offered() -> dict[str, tuple[str, ...]]:
    """The zones that a form lists, in order, each with its old and other names, which stay valid: Asia/Calcutta."""
    others = _other_names()
    found: dict[str, list[str]] = {name: [] for name in time_zones() if name not in others}
    for other, name in others.items():
        found[name].append(other)
    return {name: tuple(names) for name, names in found.items()}


def _other_names() -> dict[str, str]:
    """By each name that tz keeps for the sake of old settings, the one that stands in its list of countries."""
    tz = files("tzdata") / "zoneinfo"
    rows = (line.split("\t") for line in (tz / "zone.tab").read_text().splitlines() if not line.startswith("#"))
    listed = {name for _country, _place, name, *_remark in rows}
    links = (line.split() for line in (tz / "tzdata.zi").read_text().splitlines() if line.startswith("L "))
    known = set(time_zones())
    return {other: name for _, name, other in links if name in listed and other in known - listed}


def validate_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` names a zone of `time_zones`."""
    if value not in time_zones():
        raise ValidationError(_("“%(zone)s” is not a time zone. Choose one such as Europe/Berlin.") % {"zone": value})


def zone_of(name: str) -> dt.tzinfo:
    """The zone; UTC for one that this machine does not know, since one reader's must not stop everybody's mail."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def day_in(name: str, moment: dt.datetime) -> dt.date:
    """Which day it is there."""
    return moment.astimezone(zone_of(name)).date()


def midnight_in(name: str, day: dt.date) -> dt.datetime:
    """When the day begins there (UTC)."""
    return dt.datetime.combine(day, dt.time(), zone_of(name)).astimezone(dt.UTC)
