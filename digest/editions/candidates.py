"""Which papers a reader's digest of an edition is chosen from."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Max, QuerySet

from digest.editions import publication
from digest.models import Delivery, Edition, Paper
from subscriptions.models import Subscriber

WEEK = dt.timedelta(days=7)


def weekly_cutoff(edition: Edition, reader: Subscriber) -> dt.date | None:
    """For a weekly digest: the day after which papers are new to the reader, a week back at most; else None."""
    if reader.frequency != Subscriber.Frequency.WEEKLY:
        return None
    had = Delivery.objects.filter(subscriber=reader, status=Delivery.Status.SENT, edition__day__lt=edition.day)
    last: dt.date | None = had.order_by("-edition__day").values_list("edition__day", flat=True).first()
    return max(edition.day - WEEK, last) if last else edition.day - WEEK


def weekly_cutoffs(weekly: Iterable[tuple[int, int]]) -> dict[tuple[int, int], dt.date]:
    """The same for many at once: by the id of the edition and of the weekly reader."""
    readers: dict[int, list[int]] = defaultdict(list)
    for edition_id, reader_id in weekly:
        readers[edition_id].append(reader_id)
    found: dict[tuple[int, int], dt.date] = {}
    for edition in Edition.objects.filter(pk__in=readers):
        week_ago = edition.day - WEEK
        had = Delivery.objects.filter(subscriber__in=readers[edition.pk], status=Delivery.Status.SENT)
        recent = had.filter(edition__day__lt=edition.day, edition__day__gt=week_ago).order_by()
        last = dict(recent.values_list("subscriber").annotate(Max("edition__day")))
        found |= {(edition.pk, reader): last.get(reader, week_ago) for reader in readers[edition.pk]}
    return found


def papers(edition: Edition, since_day: dt.date | None) -> QuerySet[Paper]:
    """The edition's papers; with `since_day`, those of every edition after it, by their votes now."""
    if since_day is None:
        return publication.papers_of(edition)
    week = Paper.objects.filter(edition__day__gt=since_day, edition__day__lte=edition.day, is_hidden=False)
    return week.order_by("-is_pinned", "-votes", "pk")
