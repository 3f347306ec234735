"""Which papers a reader's digest of an edition is chosen from."""

import datetime as dt

from django.db.models import QuerySet

from digest import editions
from digest.models import Delivery, Edition, Paper
from subscriptions.models import Subscriber

WEEK = dt.timedelta(days=7)


def since(edition: Edition, reader: Subscriber) -> dt.date | None:
    """For a weekly digest: the day after which papers are new to the reader, a week back at most; else None."""
    if reader.frequency != Subscriber.Frequency.WEEKLY:
        return None
    had = Delivery.objects.filter(subscriber=reader, status=Delivery.Status.SENT, edition__day__lt=edition.day)
    last: dt.date | None = had.order_by("-edition__day").values_list("edition__day", flat=True).first()
    return max(edition.day - WEEK, last) if last else edition.day - WEEK


def papers(edition: Edition, since_day: dt.date | None) -> QuerySet[Paper]:
    """The edition's papers; with `since_day`, those of every edition after it, by their votes now."""
    if since_day is None:
        return editions.papers_of(edition)
    week = Paper.objects.filter(edition__day__gt=since_day, edition__day__lte=edition.day, is_hidden=False)
    return week.order_by("-is_pinned", "-votes", "pk")
