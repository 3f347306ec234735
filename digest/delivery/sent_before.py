"""Digests that were sent before an older database was restored, so that the planner does not queue them again."""

import datetime as dt

from django.db.models import F

from digest.models import Delivery, Edition, Installation, SentBefore
from digest.models.installations import ONLY

SENT_REASON = "It was sent before an older database was restored, according to the log of sent emails."
MAYBE_SENT_REASON = "It may have been sent before an older database was restored."
COUNTED_REASON = "It counts as sent, because an older database was restored."

Status = Delivery.Status


def apply(edition: Edition, *, after: int = 0) -> tuple[int, int]:
    """End the queued deliveries of `edition` with ids above `after` that were sent before, or may have been.

    Return how many of each.
    """
    known = SentBefore.objects.filter(day=edition.day)
    if not known.exists():
        return 0, 0
    queued = Delivery.objects.filter(edition=edition, pk__gt=after, status=Status.QUEUED)
    had = queued.filter(subscriber_id__in=known.filter(is_certain=True).values("subscriber_id"))
    ended = had.update(status=Status.SENT, sent_at=F("queued_at"), reason=SENT_REASON)
    maybe = queued.filter(subscriber_id__in=known.filter(is_certain=False).values("subscriber_id"))
    return ended, maybe.update(status=Status.UNCERTAIN, reason=MAYBE_SENT_REASON)


def counted_until(edition: Edition) -> dt.datetime | None:
    """Return the time until which digests of `edition` that were due count as sent, or None."""
    row = Installation.objects.filter(pk=ONLY).exclude(counted_until=None).first()
    if row is None or (row.counted_through and edition.day > row.counted_through):
        return None
    return row.counted_until


def delete_old(*, before: dt.date) -> None:
    SentBefore.objects.filter(day__lt=before).delete()
