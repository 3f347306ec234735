"""Make topics from the categories that a source files its papers under."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.text import slugify

from digest.models import Paper, Source
from digest.search import index_cache, topic_phrases
from subscriptions.models import Topic
from subscriptions.topics import areas

PAPERS_CONSIDERED = 2_000  # papers of the source that are looked at
PAPERS_READ = 40  # papers of a category that its phrases are proposed from
LONGEST_NAME = 80  # characters of a topic's name


@dataclass(frozen=True)
class Category:
    """A category, its number of papers, and the topic that includes these, or None."""

    name: str
    papers: int
    topic: Topic | None


def categories_of(source: Source) -> list[Category]:
    """Return the categories of the source's newest papers, those with most papers first."""
    counts: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for paper in _papers(source):
        for name in paper.categories:
            counts[name.casefold()] += 1
            spelled.setdefault(name.casefold(), name)
    topics = _topics_by_category()
    return [Category(spelled[key], number, topics.get(key)) for key, number in counts.most_common()]


def make(source: Source, names: Iterable[str], group: str) -> list[Topic]:
    """Store and return a topic for each of the categories `names` that has none. Readers can choose it at once."""
    wanted = {name.casefold() for name in names}
    chosen = [one for one in categories_of(source) if one.name.casefold() in wanted and one.topic is None]
    papers = _papers(source)
    last = max(Topic.objects.values_list("position", flat=True), default=-1)
    with transaction.atomic():
        made = [
            _make(source, one.name, group, position, papers)
            for position, one in enumerate(chosen, last + 1)
            if one.name[:LONGEST_NAME] and not Topic.objects.filter(name__iexact=one.name[:LONGEST_NAME]).exists()
        ]
        areas.refresh()
    return made


def _make(source: Source, category: str, group: str, position: int, papers: list[Paper]) -> Topic:
    inside = [paper for paper in papers if category.casefold() in map(str.casefold, paper.categories)]
    recent = index_cache.last()
    count = len(recent.papers)
    phrases = topic_phrases.propose(
        inside[:PAPERS_READ], [], [], lambda phrase: (recent.holding(phrase) + 1) / (count + topic_phrases.PRIOR_PAPERS)
    )
    return Topic.objects.create(
        name=category[:LONGEST_NAME],
        slug=_free_slug(category),
        group=group,
        description=f"Papers of {source.name} in the category {category}"[:200],
        phrases=phrases,
        categories=[category],
        position=position,
    )


def _papers(source: Source) -> list[Paper]:
    listed = Paper.objects.filter(listings__source=source, is_hidden=False).distinct().order_by("-pk")
    return list(listed.only("title", "abstract", "keywords", "categories")[:PAPERS_CONSIDERED])


def _topics_by_category() -> dict[str, Topic]:
    topics = Topic.objects.exclude(categories=[])
    return {category.casefold(): topic for topic in topics for category in topic.categories}


def _free_slug(name: str) -> str:
    """Return a slug that no topic has."""
    slug = slugify(name)[:40] or "category"
    taken = set(Topic.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return slug if slug not in taken else next(other for other in numbered if other not in taken)
