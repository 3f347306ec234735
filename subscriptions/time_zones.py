"""The IANA time zones that readers can choose, and conversions with them."""

import datetime as dt
import zoneinfo
from functools import cache
from importlib.resources import files

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


@cache
def time_zones() -> tuple[str, ...]:
    """Return all valid zones in order: UTC and places, without aliases that name no place."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(NO_PLACES))
    return ("UTC", *sorted(places))


@cache
def offered() -> dict[str, tuple[str, ...]]:
    """Return the zones for a form, in order, each with its other names that stay valid, such as Asia/Calcutta."""
    others = _other_names()
    zones: dict[str, list[str]] = {name: [] for name in time_zones() if name not in others}
    for other, name in others.items():
        zones[name].append(other)
    return {name: tuple(names) for name, names in zones.items()}


def _other_names() -> dict[str, str]:
    """Return the current name for each old name that the tz database keeps for compatibility."""
    tz = files("tzdata") / "zoneinfo"
    rows = (line.split("\t") for line in (tz / "zone.tab").read_text().splitlines() if not line.startswith("#"))
    listed = {name for _country, _place, name, *_remark in rows}
    links = (line.split() for line in (tz / "tzdata.zi").read_text().splitlines() if line.startswith("L "))
    known = set(time_zones())
    return {other: name for _, name, other in links if name in listed and other in known - listed}


def validate_time_zone(value: str) -> None:
    """Raise ValidationError if `value` is not one of `time_zones`."""
    if value not in time_zones():
        raise ValidationError(_("“%(zone)s” is not a time zone. Choose one such as Europe/Berlin.") % {"zone": value})


def zone_of(name: str) -> dt.tzinfo:
    """Return the zone, or UTC if this machine does not know it: one reader's zone must not stop all emails."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def in_utc(moment: dt.datetime) -> dt.datetime:
    """Return the moment in UTC. One without a zone is in UTC already. Raise OverflowError outside of Python's years."""
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def time_in(name: str) -> str:
    """Return the zone's name after a time of day: “London time”, or “UTC”."""
    return name if "/" not in name else _("%(place)s time") % {"place": name.rpartition("/")[2].replace("_", " ")}


def day_in(name: str, moment: dt.datetime) -> dt.date:
    """Return the date at `moment` in the time zone."""
    return moment.astimezone(zone_of(name)).date()


def midnight_in(name: str, day: dt.date) -> dt.datetime:
    """Return the start of the day in the time zone, as UTC."""
    return dt.datetime.combine(day, dt.time(), zone_of(name)).astimezone(dt.UTC)
