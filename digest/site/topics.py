"""Topics as pages show them: which ones a paper or an edition is on, and what was published on one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, QuerySet

from digest.models import Edition, Paper, TopicPaper
from subscriptions.models import Topic


class TopicLabel(NamedTuple):
    """What pages show of a topic."""

    slug: str
    name: str
    group: str
    description: str
    narrower: list[str]  # slugs of the topics that it stands for, if it does


Labels = Mapping[int, TopicLabel]


def offered() -> Labels:
    """The topics that readers can tick, by their pk, in the order of the form."""
    rows = Topic.objects.filter(is_offered=True).values_list("pk", *TopicLabel._fields)
    return {pk: TopicLabel(*fields) for pk, *fields in rows}


def of_papers(papers: Sequence[Paper], labels: Labels) -> dict[int, list[TopicLabel]]:
    """For each paper (by its pk) the topics that readers can tick, the surest first; none that stands for another."""
    found: dict[int, list[TopicLabel]] = {}
    rows = TopicPaper.objects.filter(paper__in=[paper.pk for paper in papers]).order_by("-score", "topic_id")
    for paper, topic in rows.values_list("paper_id", "topic_id"):
        if topic in labels:
            found.setdefault(paper, []).append(labels[topic])
    return {paper: _narrowest(its) for paper, its in found.items()}


def _narrowest(labels: Sequence[TopicLabel]) -> list[TopicLabel]:
    slugs = {label.slug for label in labels}
    return [label for label in labels if slugs.isdisjoint(label.narrower)]


def counts(editions: Sequence[Edition]) -> dict[int, int]:
    """How many papers of these editions are on each topic (by its pk)."""
    hidden = Paper.objects.filter(edition__in=editions, is_hidden=True).values("pk")
    rows = TopicPaper.objects.filter(day__in=[edition.day for edition in editions]).exclude(paper__in=hidden)
    return dict(rows.values_list("topic").annotate(papers=Count("pk")).order_by())


def most_frequent(labels: Labels, counted: Mapping[int, int]) -> list[tuple[TopicLabel, int]]:
    """The topics but the broader ones, each with the number of its papers (see `counts`), if there are any; the most
    frequent first."""
    found = [(label, counted[pk]) for pk, label in labels.items() if pk in counted and not label.narrower]
    return sorted(found, key=lambda topic: -topic[1])


def one_of_each_group(labels: Labels, counted: Mapping[int, int]) -> list[TopicLabel]:
    """A broader topic if there is one; of several that on which most papers are, then that which stands for most."""
    groups: dict[str, list[int]] = {}
    for pk, label in labels.items():
        groups.setdefault(label.group, []).append(pk)
    return [labels[max(group, key=lambda pk: _breadth(pk, labels, counted))] for group in groups.values()]


def _breadth(pk: int, labels: Labels, counted: Mapping[int, int]) -> tuple[bool, int, int]:
    narrower = labels[pk].narrower
    return bool(narrower), counted.get(pk, 0), len(narrower)


def papers_on(topic: Topic) -> QuerySet[TopicPaper]:
    """What was published on the topic, the newest day first, and of a day what is surest."""
    shown = TopicPaper.objects.filter(topic=topic, paper__is_hidden=False, paper__edition__isnull=False)
    return shown.order_by("-day", "-score", "pk")
