"""The filters on the pages of days, weeks and months (an area or a topic), and the orders of their papers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, F, OrderBy, QuerySet
from django.utils.text import slugify

from digest.editions import publication
from digest.models import Edition, Paper, TopicPaper
from digest.site.topics import Labels, TopicLabel

# By the value in the address. Without one, papers are ordered by votes.
ORDERS: Mapping[str, tuple[str | OrderBy, ...]] = {
    "newest": (F("published_on").desc(nulls_last=True), *publication.PAGE_ORDER),
    "stars": (F("github_stars").desc(nulls_last=True), *publication.PAGE_ORDER),
    "comments": ("-comments", *publication.PAGE_ORDER),
}
MIN_FREQUENT = 2  # papers of a frequent topic; the others are listed apart


class AreaFilter(NamedTuple):
    """A group of topics in one or several editions."""

    slug: str
    name: str
    papers: int
    topics: list[tuple[TopicLabel, int]]  # each with its number of papers, the most frequent first

    @property
    def frequent(self) -> list[tuple[TopicLabel, int]]:
        return [topic for topic in self.topics if topic[1] >= MIN_FREQUENT]

    @property
    def rare(self) -> list[tuple[TopicLabel, int]]:
        return [topic for topic in self.topics if topic[1] < MIN_FREQUENT]


def areas(editions: Sequence[Edition], labels: Labels, counted: Mapping[int, int]) -> list[AreaFilter]:
    """Return all areas, those with most papers in the editions first. `counted` is from `topics.counts`."""
    shown = TopicPaper.objects.filter(
        day__in=_days(editions), topic__is_offered=True, paper__is_hidden=False
    ).order_by()
    papers = dict(shown.values_list("topic__group").annotate(papers=Count("paper", distinct=True)))
    topics: dict[str, list[tuple[TopicLabel, int]]] = {label.group: [] for label in labels.values()}
    for pk, label in labels.items():
        if pk in counted and not label.narrower:
            topics[label.group].append((label, counted[pk]))
    found = [
        AreaFilter(slug(name), name, papers.get(name, 0), sorted(inside, key=lambda topic: -topic[1]))
        for name, inside in topics.items()
    ]
    return sorted(found, key=lambda area: (-area.papers, area.name))


def slug(group: str) -> str:
    return slugify(group, allow_unicode=True)


def apply(
    papers: QuerySet[Paper], editions: Sequence[Edition], labels: Labels, chosen: Mapping[str, str]
) -> QuerySet[Paper]:
    """Return the papers of these editions on the chosen topic or in the chosen area, in the chosen order."""
    if "topic" in chosen:
        papers = papers.filter(topics__topic__slug=chosen["topic"])
    elif "area" in chosen:
        members = [pk for pk, label in labels.items() if slug(label.group) == chosen["area"]]
        on_topic = TopicPaper.objects.filter(day__in=_days(editions), topic__in=members)
        papers = papers.filter(pk__in=on_topic.values("paper"))
    return papers.order_by(*ORDERS[chosen["sort"]]) if "sort" in chosen else papers


def _days(editions: Sequence[Edition]) -> list[dt.date]:
    return [edition.day for edition in editions]
