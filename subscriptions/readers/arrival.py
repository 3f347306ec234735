"""The words that say when a reader's digests come. Pages, emails and the admin all take them from here."""

from collections.abc import Sized

from django.utils.translation import gettext as _

from subscriptions.models import Subscriber
from subscriptions.time_zones import time_in

Frequency = Subscriber.Frequency


def describe(frequency: str, time: str, always: bool = False) -> str:
    """Return when digests come, for the end of a sentence, such as “at 07:00 Berlin time, on days with a match”.

    `time` is a `clock_time`. `always` is whether digests come without a match, too.
    """
    if frequency == Frequency.WEEKLY:
        sentence = _("at %(time)s, once a week")
    elif frequency == Frequency.WEEKDAYS:
        sentence = _("at %(time)s, on weekdays") if always else _("at %(time)s, on weekdays with a match")
    else:
        sentence = _("at %(time)s, on days with new papers") if always else _("at %(time)s, on days with a match")
    return sentence % {"time": time}


def describe_for(reader: Subscriber, follows: Sized | None = None) -> str:
    """Return when the digests of a reader come. A caller that knows what they follow passes it, and saves a query."""
    return describe(reader.frequency, time_for(reader), comes_without_match(reader, follows))


def comes_without_match(reader: Subscriber, follows: Sized | None = None) -> bool:
    """Return whether the reader also gets a digest if nothing matches: they asked for it, or follow nothing."""
    return reader.mail_quiet_days or not (reader.filters.exists() if follows is None else len(follows))


def time_for(reader: Subscriber) -> str:
    return clock_time(reader.send_time, time_in(reader.time_zone))


def clock_time(time: str, zone: str) -> str:
    """Return a time of day with its zone as `time_in` names it: “07:00 Berlin time”, or “07:00 UTC”."""
    return _("%(time)s %(zone)s") % {"time": time, "zone": zone}
