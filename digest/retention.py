"""What is kept for some time only."""

import datetime as dt

from django.conf import settings

from digest.models import DeliveryEvent


def forget_events(*, now: dt.datetime) -> int:
    """Delete what providers reported more than RETENTION_DAYS ago; how many reports."""
    old = DeliveryEvent.objects.filter(happened_at__lt=now - dt.timedelta(days=settings.RETENTION_DAYS))
    return old.delete()[0]
