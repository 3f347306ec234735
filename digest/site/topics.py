"""Topics as the pages show them: the topics of papers and editions, and the papers of a topic."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db.models import Count, F, QuerySet

from digest.models import Edition, Paper, TopicPaper
from subscriptions.models import Topic


class TopicLabel(NamedTuple):
    """The parts of a topic that pages show."""

    slug: str
    name: str
    group: str
    description: str
    narrower: list[str]  # slugs of the topics that it includes; empty for most topics


Labels = Mapping[int, TopicLabel]


class PapersOnTopic(NamedTuple):
    """Some papers on a topic."""

    topic: TopicLabel
    papers: list[Paper]


def offered() -> Labels:
    """Return the topics that readers can choose, by primary key, in the order of the form."""
    rows = Topic.objects.filter(is_offered=True).values_list("pk", *TopicLabel._fields)
    return {pk: TopicLabel(*fields) for pk, *fields in rows}


def of_papers(papers: Sequence[Paper], labels: Labels) -> dict[int, list[TopicLabel]]:
    """Return the topics in `labels` of each paper, by the paper's primary key, the best match first.

    A topic that includes another topic of the same paper is left out.
    """
    by_paper: dict[int, list[TopicLabel]] = {}
    rows = TopicPaper.objects.filter(paper__in=[paper.pk for paper in papers]).order_by("-score", "topic_id")
    for paper, topic in rows.values_list("paper_id", "topic_id"):
        if topic in labels:
            by_paper.setdefault(paper, []).append(labels[topic])
    return {paper: _narrowest(its_labels) for paper, its_labels in by_paper.items()}


def _narrowest(labels: Sequence[TopicLabel]) -> list[TopicLabel]:
    slugs = {label.slug for label in labels}
    return [label for label in labels if slugs.isdisjoint(label.narrower)]


def counts(editions: Sequence[Edition]) -> dict[int, int]:
    """Return the number of papers in these editions for each topic, by the topic's primary key."""
    hidden = Paper.objects.filter(edition__in=editions, is_hidden=True).values("pk")
    rows = TopicPaper.objects.filter(day__in=[edition.day for edition in editions]).exclude(paper__in=hidden)
    return dict(rows.values_list("topic").annotate(papers=Count("pk")).order_by())


def most_frequent(labels: Labels, counted: Mapping[int, int]) -> list[tuple[TopicLabel, int]]:
    """Return the topics that have papers, each with their number (see `counts`), the most frequent first.

    Topics that include others are left out.
    """
    with_papers = [(label, counted[pk]) for pk, label in labels.items() if pk in counted and not label.narrower]
    return sorted(with_papers, key=lambda topic: -topic[1])


def papers_on(topic: Topic) -> QuerySet[TopicPaper]:
    """Return the published papers on the topic, the newest day first, and within it the best match first."""
    shown = TopicPaper.objects.filter(topic=topic, paper__is_hidden=False, paper__edition__isnull=False)
    return shown.order_by("-day", "-score", "pk")


def others_on_its_topic(paper: Paper, its_labels: Sequence[TopicLabel], most: int) -> PapersOnTopic | None:
    """Return the newest other papers on the first of the paper's topics that has any; None if none has."""
    shown = Paper.objects.filter(is_hidden=False, edition__isnull=False).exclude(pk=paper.pk)
    shown = shown.select_related("edition").annotate(mark=F("thumbnail__mark"))
    for label in its_labels:
        rows = shown.filter(topics__topic__slug=label.slug).order_by("-topics__day", "-topics__score", "topics__pk")
        found: list[Paper] = [*rows[:most]]
        if found:
            return PapersOnTopic(label, found)
    return None
