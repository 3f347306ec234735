"""Why readers left, without who."""

import datetime as dt

from subscriptions import limits
from subscriptions.models import Farewell, Subscriber

ONCE = [(1, dt.timedelta(days=1))]


def record(subscriber: Subscriber, reason: str, remark: str, *, now: dt.datetime) -> None:
    """Keep the reason, by the day alone; a second one on the same day is left out."""
    if not limits.take(limits.Limit("farewell", subscriber.uid.hex, ONCE), now=now):
        Farewell.objects.create(reason=reason, remark=remark, day=now.date())
