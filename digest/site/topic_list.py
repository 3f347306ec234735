"""The list of all topics: by area, the largest first, or those that a search finds."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext

from digest.matching import fold
from digest.site import edition_filters
from digest.site.topics import Labels, TopicLabel
from subscriptions.models import Topic

MAX_SHOWN = 6  # topics of an area; the others are folded away
MAX_QUERY_LENGTH = 100  # characters

Counted = tuple[TopicLabel, int]  # a topic with the number of its recent papers


class ListedArea(NamedTuple):
    """An area with its topics, those with most papers first."""

    slug: str
    name: str
    whole: Counted | None  # the topic that includes all topics of the area
    topics: list[Counted]

    @property
    def shown(self) -> list[Counted]:
        return [topic for topic in self.topics[:MAX_SHOWN] if topic[1]] or self.topics[:MAX_SHOWN]

    @property
    def folded(self) -> list[Counted]:
        return self.topics[len(self.shown) :]


def by_area(labels: Labels, counted: Mapping[int, int]) -> list[ListedArea]:
    """Return the areas in the order of the form. `counted` is from `topics.counts`."""
    groups: dict[str, list[Counted]] = {}
    for pk, label in labels.items():
        groups.setdefault(label.group, []).append((label, counted.get(pk, 0)))
    return [_area(name, members) for name, members in groups.items()]


def _area(name: str, members: list[Counted]) -> ListedArea:
    whole = next((topic for topic in members if topic[0].narrower and topic[0].name == name), None)
    others = sorted((topic for topic in members if topic != whole), key=lambda topic: -topic[1])
    return ListedArea(edition_filters.slug(name), name, whole, others)


def search(labels: Labels, counted: Mapping[int, int], query: str) -> list[Counted]:
    """Return the topics that contain the words of `query`: in the name first, then in the description or a phrase."""
    words = fold(query).split()
    phrases = dict(Topic.objects.filter(pk__in=list(labels)).values_list("pk", "phrases"))
    found: list[tuple[int, int, Counted]] = []
    for pk, label in labels.items():
        description = gettext(label.description) if label.description else ""
        names = fold(f"{label.name} {gettext(label.name)}")
        texts = fold(f"{names} {label.description} {description} {' '.join(phrases.get(pk, ()))}")
        if all(word in texts for word in words):
            place = (
                2
                - all(word in names for word in words)
                - (fold(query) in (fold(label.name), fold(gettext(label.name))))
            )
            found.append((place, -counted.get(pk, 0), (label, counted.get(pk, 0))))
    return [topic for _place, _papers, topic in sorted(found, key=lambda each: each[:2])]
