"""Why readers left, without who."""

import datetime as dt

from subscriptions.models import Farewell, Subscriber
from subscriptions.security import abuse_limits

ONCE = [(1, dt.timedelta(days=1))]


def record_reason(subscriber: Subscriber, reason: str, remark: str, *, now: dt.datetime) -> None:
    """Keep the reason, by the day alone; a second one on the same day is left out."""
    if not abuse_limits.acquire(abuse_limits.Limit("farewell", subscriber.uid.hex, ONCE), now=now):
        Farewell.objects.create(reason=reason, remark=remark, day=now.date())
