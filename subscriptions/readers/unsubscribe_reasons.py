"""Why readers left, without who."""

import datetime as dt

from subscriptions.models import Farewell, Subscriber
from subscriptions.security import rate_limits

ONCE = [(1, dt.timedelta(days=1))]


def record_reason(subscriber: Subscriber, reason: str, remark: str, *, now: dt.datetime) -> None:
    """Keep the reason, by the day alone; a second one on the same day is left out."""
    if not rate_limits.acquire(rate_limits.Limit("farewell", subscriber.uid.hex, ONCE), now=now):
        Farewell.objects.create(reason=reason, remark=remark, day=now.date())
