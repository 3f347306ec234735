"""The papers that a reader starts from: likes of this site's papers, and a list of their own for others."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from digest.models import Opinion, OutsidePaper, Paper
from digest.personalization import likes, paper_index, profiles
from digest.search import cited_papers
from digest.search.cited_papers import CitedPaper
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from subscriptions.readers.consents import Trace
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.readers.preferences import Preferences

LIKE = Opinion.Verdict.LIKE
MAX_OUTSIDE = 500  # papers from elsewhere that a reader may have


class TooManyLikesError(Exception):
    """The reader has as many papers from elsewhere as they may."""


def add(reader: Subscriber, liked: Sequence[LikedPaper], *, now: dt.datetime) -> int:
    """Store the papers as likes. Return how many are new. A paper that the reader has already rated keeps its rating.

    Raise TooManyLikesError if the reader would have more than MAX_OUTSIDE papers from elsewhere.
    """
    papers = cited_papers.from_liked(liked)
    outside = [paper for paper in papers if not isinstance(paper, Paper)]
    with transaction.atomic():
        Subscriber.objects.select_for_update().get(pk=reader.pk)
        before = _count(reader)
        known = set(outside_papers(reader).values_list("key", flat=True))
        if len(known | {paper.key for paper in outside}) > MAX_OUTSIDE:
            raise TooManyLikesError
        filters = _filters_that_find(reader, papers)
        Opinion.objects.bulk_create(
            [
                Opinion(subscriber=reader, paper=paper, verdict=LIKE, came_by=filters[paper.key], said_at=now)
                for paper in papers
                if isinstance(paper, Paper)
            ],
            ignore_conflicts=True,
        )
        OutsidePaper.objects.bulk_create(
            [
                OutsidePaper(
                    subscriber=reader, key=paper.key, title=paper.title, abstract=paper.abstract,
                    authors=list(paper.authors), came_by=filters[paper.key], said_at=now,
                )
                for paper in outside
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        likes.learn(reader, now=now)
        return _count(reader) - before


def start(
    reader: Subscriber, preferences: Preferences, liked: Sequence[LikedPaper], *, now: dt.datetime, trace: Trace
) -> None:
    """Replace the reader's preferences and store the papers as likes, both or neither. Raise TooManyLikesError."""
    with transaction.atomic():
        lifecycle.update_preferences(reader, preferences, trace=trace)
        add(reader, liked, now=now)


def add_confirmed(reader: Subscriber, liked: Sequence[LikedPaper], *, now: dt.datetime) -> None:
    """Store the papers of a sign-up that has just been confirmed. A full list must not prevent that."""
    try:
        add(reader, liked, now=now)
    except TooManyLikesError:
        return


def outside_papers(reader: Subscriber) -> QuerySet[OutsidePaper]:
    """Return the reader's papers from elsewhere, newest first."""
    return OutsidePaper.objects.filter(subscriber=reader)


def remove(reader: Subscriber, pks: Sequence[int], *, now: dt.datetime) -> int:
    """Delete papers from elsewhere. Return how many there were."""
    with transaction.atomic():
        Subscriber.objects.select_for_update().get(pk=reader.pk)
        removed = outside_papers(reader).filter(pk__in=pks).delete()[0]
        likes.learn(reader, now=now)
    return removed


def _count(reader: Subscriber) -> int:
    return outside_papers(reader).count() + Opinion.objects.filter(subscriber=reader, verdict=LIKE).count()


def _filters_that_find(reader: Subscriber, papers: Sequence[CitedPaper]) -> dict[str, list[str]]:
    """Return the keys of the reader's filters that find each paper, by the paper's key."""
    wanted = profiles.profile_of(reader)
    topics = [row.topic for row in reader.filters.select_related("topic") if row.topic]
    keys = {name: key for key, name in profiles.names_of(topics).items()}
    index = paper_index.build_index(papers, for_page=True)
    found: dict[str, list[str]] = {paper.key: [] for paper in papers}
    for interest in wanted.interests:
        if key := keys.get(interest.label):
            for number in index.answer(interest, wanted.amount).scores:
                found[papers[number].key].append(key)
    return found
