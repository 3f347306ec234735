"""Time zones as readers name them (IANA)."""

import datetime as dt
import zoneinfo
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NO_PLACES = ("Etc/", "SystemV/", "posix/", "right/", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")


@cache
def time_zones() -> tuple[str, ...]:
    """Every zone a reader can choose, in order: places, and UTC; without the aliases that name no place."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(NO_PLACES))
    return ("UTC", *sorted(places))


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
