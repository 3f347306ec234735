"""Areas: the broader topics at the top of the form. Each includes all single topics of its group."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from subscriptions.models import Topic


@dataclass(frozen=True)
class Area:
    """A group of topics, and the broader topic that includes all of them if there is one."""

    name: str
    whole: Topic | None
    topics: tuple[Topic, ...]

    @property
    def slugs(self) -> list[str]:
        return [topic.slug for topic in (self.whole, *self.topics) if topic]


def by_area(topics: Iterable[Topic]) -> list[Area]:
    """Return `topics` by area, in their order."""
    groups: dict[str, list[Topic]] = {}
    for topic in topics:
        groups.setdefault(topic.group, []).append(topic)
    return [
        Area(
            name,
            next((topic for topic in members if topic.is_area), None),
            tuple(topic for topic in members if not topic.is_area),
        )
        for name, members in groups.items()
    ]


def refresh() -> None:
    """Make each area include all offered single topics of its group, because either may have changed."""
    members: dict[str, list[str]] = {}
    for slug, group in Topic.objects.offered().filter(narrower=[]).values_list("slug", "group"):
        members.setdefault(group, []).append(slug)
    for area in Topic.objects.exclude(narrower=[]):
        # An area without topics keeps its former ones: without any, it would be no broader topic.
        included = members.get(area.group, area.narrower)
        if area.is_area and area.narrower != included:
            Topic.objects.filter(pk=area.pk).update(narrower=included)


def current(slugs: Iterable[str], keep: Container[str] = ()) -> list[str]:
    """Return `slugs` with those of broader topics that are no longer offered replaced by the topics they included.

    Cached pages, bookmarks and waiting sign-ups still have them. Slugs in `keep` stay.
    """
    slugs = list(dict.fromkeys(slugs))
    sought = [slug for slug in slugs if slug not in keep and "\x00" not in slug]  # PostgreSQL would refuse the query
    retired = Topic.objects.filter(slug__in=sought, is_offered=False).exclude(narrower=[])
    included = {topic.slug: topic.narrower for topic in retired}
    return list(dict.fromkeys(each for slug in slugs for each in included.get(slug, [slug])))
