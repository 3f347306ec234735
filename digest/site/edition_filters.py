"""The filters and orders of an edition's page: an area or a topic, and what comes first."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import Count, F, OrderBy, QuerySet
from django.utils.text import slugify

from digest.editions import publication
from digest.models import Edition, Paper, TopicPaper
from digest.site.topics import Labels, TopicLabel

# By the value in the address. Without one, papers are ordered by votes.
ORDERS: Mapping[str, tuple[str | OrderBy, ...]] = {
    "newest": (F("published_on").desc(nulls_last=True), *publication.BY_VOTES),
    "stars": (F("github_stars").desc(nulls_last=True), *publication.BY_VOTES),
    "comments": ("-comments", *publication.BY_VOTES),
}
FEW = 2  # papers; a topic with fewer is listed apart


class AreaFilter(NamedTuple):
    """A group of topics in one edition."""

    slug: str
    name: str
    papers: int
    topics: list[tuple[TopicLabel, int]]  # each with its number of papers, the most frequent first

    @property
    def frequent(self) -> list[tuple[TopicLabel, int]]:
        return [topic for topic in self.topics if topic[1] >= FEW]

    @property
    def rare(self) -> list[tuple[TopicLabel, int]]:
        return [topic for topic in self.topics if topic[1] < FEW]


def areas(edition: Edition, labels: Labels, counted: Mapping[int, int]) -> list[AreaFilter]:
    """Return all areas, those with most papers in the edition first. `counted` is from `topics.counts`."""
    shown = TopicPaper.objects.filter(day=edition.day, topic__is_offered=True, paper__is_hidden=False).order_by()
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


def in_area(papers: QuerySet[Paper], edition: Edition, labels: Labels, area: str) -> QuerySet[Paper]:
    """Return the papers on any topic of the area with this slug."""
    members = [pk for pk, label in labels.items() if slug(label.group) == area]
    on_topic = TopicPaper.objects.filter(day=edition.day, topic__in=members)
    return papers.filter(pk__in=on_topic.values("paper"))
