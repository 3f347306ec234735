"""The papers that a reader's digest of an edition may contain."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import F, Max, QuerySet

from digest.editions import publication
from digest.models import Delivery, Edition, Paper
from subscriptions.models import Subscriber

WEEK = dt.timedelta(days=7)


def weekly_cutoff(edition: Edition, reader: Subscriber) -> dt.date | None:
    """Return the day of the reader's last digest, a week back at most; None if the reader is not a weekly one.

    Papers of editions after that day are new to the reader.
    """
    if reader.frequency != Subscriber.Frequency.WEEKLY:
        return None
    return _cutoffs(edition, [reader.pk])[reader.pk]


def weekly_cutoffs(weekly: Iterable[tuple[int, int]]) -> dict[tuple[int, int], dt.date]:
    """Return the cutoff days of many weekly readers, by the ids of edition and reader, in one query an edition."""
    readers: dict[int, list[int]] = defaultdict(list)
    for edition_id, reader_id in weekly:
        readers[edition_id].append(reader_id)
    found: dict[tuple[int, int], dt.date] = {}
    for edition in Edition.objects.filter(pk__in=readers):
        found |= {(edition.pk, reader): day for reader, day in _cutoffs(edition, readers[edition.pk]).items()}
    return found


def _cutoffs(edition: Edition, readers: Sequence[int]) -> dict[int, dt.date]:
    week_ago = edition.day - WEEK
    sent = Delivery.objects.filter(subscriber__in=readers, status=Delivery.Status.SENT)
    recent = sent.filter(edition__day__lt=edition.day, edition__day__gt=week_ago).order_by()
    last = dict(recent.values_list("subscriber").annotate(Max("edition__day")))
    return {reader: last.get(reader, week_ago) for reader in readers}


def papers(edition: Edition, cutoff: dt.date | None) -> QuerySet[Paper]:
    """Return the edition's papers, or if there is a `cutoff` those of all editions after it, by today's votes."""
    if cutoff is None:
        return with_pictures(publication.papers_as_emailed(edition))
    week = Paper.objects.filter(edition__day__gt=cutoff, edition__day__lte=edition.day, is_hidden=False)
    return with_pictures(week.order_by(*publication.PAGE_ORDER))


def with_pictures(papers: QuerySet[Paper]) -> QuerySet[Paper]:
    """Return `papers` with the attribute `picture`: the mark of the thumbnail, or None if there is none."""
    return papers.annotate(picture=F("thumbnail__mark"))
