"""The papers and topics with the most likes and saves over some weeks, for the admin."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from digest.models import Opinion, Paper, SavedPaper, TopicPaper
from subscriptions.models import Topic

RANGES = {"7d": 7, "30d": 30, "90d": 90}  # days
MAX_LISTED = 20  # papers, and topics


@dataclass(frozen=True)
class ReaderCounts:
    """The numbers of readers who liked a paper, or the papers of a topic, saved them, or had no use for them."""

    likes: int = 0
    saves: int = 0
    dislikes: int = 0


@dataclass(frozen=True)
class Popularity:
    """The most liked first."""

    papers: list[tuple[Paper, ReaderCounts]]
    topics: list[tuple[Topic, ReaderCounts]]


def popularity(*, since: dt.date) -> Popularity:
    """Return the papers of the editions since that day, and their topics, by likes and saves."""
    by_paper = _counts_by_paper(since)
    papers = Paper.objects.select_related("edition").in_bulk(_best(by_paper))
    by_topic = _counts_by_topic(by_paper, since)
    topics = Topic.objects.in_bulk(_best(by_topic))
    return Popularity(
        [(papers[pk], by_paper[pk]) for pk in _best(by_paper)],
        [(topics[pk], by_topic[pk]) for pk in _best(by_topic)],
    )


def _counts_by_paper(since: dt.date) -> dict[int, ReaderCounts]:
    """Return the counts of each paper that has any. Editions are few, and lead to their papers' rows by indexes."""
    opinions = Opinion.objects.filter(paper__edition__day__gte=since)
    likes = _counts(opinions.filter(verdict=Opinion.Verdict.LIKE))
    dislikes = _counts(opinions.filter(verdict=Opinion.Verdict.NOT_FOR_ME))
    saves = _counts(SavedPaper.objects.filter(paper__edition__day__gte=since, removed_at=None))
    return {pk: ReaderCounts(likes[pk], saves[pk], dislikes[pk]) for pk in likes | saves | dislikes}


def _counts(rows: QuerySet[Any]) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list("paper").annotate(Count("pk"))))


def _counts_by_topic(by_paper: dict[int, ReaderCounts], since: dt.date) -> dict[int, ReaderCounts]:
    """Return the sums of the counts of each topic's papers, without the areas, which hold everything."""
    sums: dict[int, ReaderCounts] = {}
    rows = TopicPaper.objects.filter(day__gte=since, topic__narrower=[]).order_by().values_list("topic", "paper")
    for topic, paper in rows.iterator():
        if counts := by_paper.get(paper):
            sofar = sums.get(topic, ReaderCounts())
            sums[topic] = ReaderCounts(
                sofar.likes + counts.likes, sofar.saves + counts.saves, sofar.dislikes + counts.dislikes
            )
    return sums


def _best(counts: dict[int, ReaderCounts]) -> list[int]:
    """Return the keys with the most likes and saves, without those that have none."""
    wanted = [key for key, one in counts.items() if one.likes + one.saves]
    wanted.sort(key=lambda key: (-counts[key].likes - counts[key].saves, counts[key].dislikes, -key))
    return wanted[:MAX_LISTED]
