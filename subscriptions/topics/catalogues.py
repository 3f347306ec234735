"""The catalogues that come with the code, and which of them a site offers.

The setting TOPIC_CATALOGUES says which are on at first. After that, admins and `manage.py load_topics` decide.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import transaction

from subscriptions.models import Catalogue, Topic
from subscriptions.topics import areas, catalogue
from subscriptions.topics.catalogue import LoadResult

MAX_POPULAR = 10
STEP = 10_000  # positions for each catalogue, so that all topics of one come before those of the next


class NamedTopic(Protocol):
    """The attributes that a topic and its label on a page share."""

    @property
    def slug(self) -> str: ...

    @property
    def narrower(self) -> Any: ...


AnyTopic = TypeVar("AnyTopic", bound=NamedTopic)


@dataclass(frozen=True)
class ShippedCatalogue:
    """A catalogue that comes with the code, in the file `<slug>.toml`."""

    slug: str
    name: str
    contents: str

    @property
    def path(self) -> Path:
        return catalogue.FOLDER / f"{self.slug}.toml"


SHIPPED = {
    one.slug: one
    for one in (
        ShippedCatalogue(
            "ai", "Artificial intelligence", "Topics of AI and machine learning, for Hugging Face and arXiv's cs.*"
        ),
        ShippedCatalogue("arxiv", "arXiv", "All categories of arXiv, from astrophysics to statistics"),
        ShippedCatalogue("biorxiv", "bioRxiv", "The subject areas of bioRxiv: biology"),
        ShippedCatalogue("medrxiv", "medRxiv", "The subject areas of medRxiv: medicine and health"),
    )
}


def states() -> list[Catalogue]:
    """Return the state of each catalogue, in order. Add the ones that are missing, as the setting says."""
    known = {state.slug: state for state in Catalogue.objects.all()}
    for slug in SHIPPED:
        if slug not in known:
            is_on = slug in settings.TOPIC_CATALOGUES
            known[slug], _ = Catalogue.objects.get_or_create(slug=slug, defaults={"is_on": is_on})
    return [known[slug] for slug in SHIPPED]


def load(switch: Collection[str] = ()) -> LoadResult:
    """Switch on the catalogues in `switch`, and load the topics of all that are on. Raise CatalogueError."""
    result = LoadResult(new=0, updated=0, kept=0, unchanged=0)
    for state in states():
        if state.slug in switch:
            result += switch_on(state.slug)
        elif state.is_on:
            result += _load(state.slug)
    return result


def switch_on(slug: str) -> LoadResult:
    """Load the catalogue's topics and offer them, except those that an admin had withdrawn. Raise CatalogueError."""
    state = _state(slug)
    with transaction.atomic():
        result = _load(slug)
        offered = {topic.slug for topic in catalogue.topics(SHIPPED[slug].path) if topic.is_offered}
        if not state.is_on:
            Topic.objects.filter(catalogue=slug, slug__in=offered - {*state.withdrawn}).update(is_offered=True)
            areas.refresh()
        Catalogue.objects.filter(pk=state.pk).update(is_on=True, withdrawn=[])
    return result


def switch_off(slug: str) -> None:
    """Stop offering the catalogue's topics. Their followers keep them."""
    state = _state(slug)
    if not state.is_on:
        return
    with transaction.atomic():
        topics = Topic.objects.filter(catalogue=slug)
        withdrawn = list(topics.filter(is_offered=False).values_list("slug", flat=True))
        topics.update(is_offered=False)
        Catalogue.objects.filter(pk=state.pk).update(is_on=False, withdrawn=withdrawn)


def loaded_slugs() -> set[str]:
    """Return the slugs of the topics that the next load brings. Raise CatalogueError."""
    return set().union(*(catalogue.slugs(SHIPPED[state.slug].path) for state in states() if state.is_on))


def popular(topics: Iterable[AnyTopic]) -> list[AnyTopic]:
    """Return the topics that most readers look for, or the first ones on a site with topics of its own.

    If several catalogues are on, each has its share.
    """
    single = {topic.slug: topic for topic in topics if not topic.narrower}
    listed = [
        [single[slug] for slug in catalogue.popular_slugs(shipped.path) if slug in single]
        for shipped in SHIPPED.values()
    ]
    in_turn = (topic for topic in chain.from_iterable(zip_longest(*listed)) if topic is not None)
    return list(islice(in_turn, MAX_POPULAR)) or list(single.values())[:MAX_POPULAR]


def _state(slug: str) -> Catalogue:
    return next(state for state in states() if state.slug == slug)


def _load(slug: str) -> LoadResult:
    return catalogue.load(SHIPPED[slug].path, first=STEP * list(SHIPPED).index(slug))
