"""The catalogue of topics: a reviewable text file, loaded into the database as often as one likes."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from subscriptions.models import Topic
from subscriptions.topics import catalogue_schema
from subscriptions.topics.catalogue_schema import CatalogueError

CATALOGUE = Path(__file__).parent / "topics.toml"
FIELDS = ("name", "group", "description", "phrases", "exclusions", "narrower", "position")
LEFT_OUT = {"description": "", "phrases": [], "exclusions": [], "narrower": []}  # what an entry need not say


@dataclass(frozen=True)
class LoadResult:
    """What a load did, in topics."""

    new: int
    updated: int
    kept: int  # made or edited by an admin, and left as they are
    unchanged: int
    lost: tuple[str, ...] = ()  # which broader topic stands for what that finds nothing for it, a line each


def topics(path: Path = CATALOGUE) -> list[Topic]:
    """The file's topics, in no database. Raises CatalogueError."""
    listed = enumerate(_read(path))
    return [Topic(position=position, loaded_hash=_hash(entry), **entry) for position, entry in listed]


def slugs(path: Path = CATALOGUE) -> set[str]:
    """Of the topics that a load brings. Raises CatalogueError."""
    return {entry["slug"] for entry in _read(path)}


def load(path: Path = CATALOGUE) -> LoadResult:
    """Bring the file's topics into the database; a topic that an admin edited stays as edited. Raises CatalogueError,
    and then has changed nothing."""
    listed = _read(path)
    known = list(Topic.objects.all())
    by_slug, by_name = ({getattr(topic, key): topic for topic in known} for key in ("slug", "name"))
    if stray := catalogue_schema.stray(listed, by_slug):
        raise CatalogueError(f"{path} can’t be loaded: {stray}")
    counts: dict[str, int] = dict.fromkeys(("new", "updated", "kept", "unchanged"), 0)
    with transaction.atomic():
        for position, entry in enumerate(listed):
            namesake = by_name.get(entry["name"])
            counts[_load_one(entry, position, by_slug.get(entry["slug"], namesake), namesake)] += 1
    return LoadResult(**counts, lost=_lost())


def _lost() -> tuple[str, ...]:
    """What is in the database and stands for no topic, or for one that stands for others itself."""
    known = {topic.slug: topic for topic in Topic.objects.all()}
    return tuple(
        f"“{topic.name}” stands for {slug}, which {'stands for others itself' if slug in known else 'is no topic'}"
        for topic in known.values()
        for slug in topic.narrower
        if slug not in known or known[slug].narrower
    )


def _read(path: Path) -> list[dict[str, Any]]:
    """The entries as they are written, all of them sound. Raises CatalogueError."""
    try:
        return catalogue_schema.checked(tomllib.loads(path.read_text(encoding="utf-8")))
    except CatalogueError as error:
        raise CatalogueError(f"{path} can’t be loaded: {error}") from error
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path} can’t be read: {error}.") from error


def _load_one(entry: dict[str, Any], position: int, topic: Topic | None, namesake: Topic | None) -> str:
    given = {name: entry[name] for name in FIELDS if name in entry}
    values = LEFT_OUT | given | {"position": position}
    fresh = _hash(values)
    if topic is None:
        Topic(slug=entry["slug"], loaded_hash=fresh, **values).save()
        return "new"
    if namesake not in (None, topic):
        return "kept"  # an admin gave the name to another topic, and names are unique
    if _hash({name: getattr(topic, name) for name in FIELDS}) != topic.loaded_hash:
        return "kept"
    if topic.loaded_hash == fresh:
        return "unchanged"
    for name, value in values.items():
        setattr(topic, name, value)
    topic.loaded_hash = fresh
    topic.save()
    return "updated"


def _hash(values: dict[str, Any]) -> str:
    narrower = sorted(values.get("narrower", ()))
    # Whoever loaded the catalogue before there were broader topics has hashes without them.
    values = {name: value for name, value in values.items() if name != "narrower"}
    values |= {"narrower": narrower} if narrower else {}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
