"""A catalogue of topics: its file, which people edit and review, its checks, and its way into the database.

It can be loaded any number of times.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from subscriptions.models import Topic
from subscriptions.topics import areas

FOLDER = Path(__file__).parent
CATALOGUE = FOLDER / "ai.toml"

# The keys of an entry in the file.
TEXTS = ("slug", "name", "group", "description")
LISTS = ("phrases", "exclusions", "categories", "narrower")
REQUIRED = ("slug", "name", "group")
AREA_KEYS = ("slug", "name", "description")

# The fields that a load sets, and the values of those that an entry leaves out.
FIELDS = ("name", "group", "description", "phrases", "exclusions", "categories", "narrower", "position")
DEFAULTS: dict[str, Any] = {"description": "", "phrases": [], "exclusions": [], "categories": [], "narrower": []}
RETIRED = {"offered": False}  # in an entry: the topic can no longer be chosen


class CatalogueError(ValueError):
    """The catalogue's file can't be loaded as it is; the message names the topic and says what to do."""


@dataclass(frozen=True)
class LoadResult:
    """The numbers of topics that a load added, updated and left alone."""

    new: int
    updated: int
    kept: int  # made or edited by an admin, and left as they are
    unchanged: int
    lost: tuple[str, ...] = ()  # one line for each broader topic and slug that finds nothing for it

    def __add__(self, other: "LoadResult") -> "LoadResult":
        return LoadResult(
            self.new + other.new,
            self.updated + other.updated,
            self.kept + other.kept,
            self.unchanged + other.unchanged,
            other.lost,
        )


def topics(path: Path = CATALOGUE) -> list[Topic]:
    """Return the file's topics as unsaved rows. Raise CatalogueError if the file is not valid."""
    return [
        Topic(
            position=position, loaded_hash=_hash(entry), is_offered=entry.get("offered", True), **_fields(entry, "slug")
        )
        for position, entry in enumerate(_read(path))
    ]


@cache
def popular_slugs(path: Path) -> tuple[str, ...]:
    """Return the slugs of the file's topics that most readers look for."""
    return tuple(_document(path).get("popular", ()))


def slugs(path: Path = CATALOGUE) -> set[str]:
    """Return the slugs of the topics that a load brings. Raise CatalogueError if the file is not valid."""
    return {entry["slug"] for entry in _read(path)}


def load(path: Path = CATALOGUE, first: int = 0) -> LoadResult:
    """Load the file's topics into the database, with positions from `first` on. Leave those that an admin edited.

    Raise CatalogueError if the file is not valid. Nothing has been changed then.
    """
    entries = _read(path)
    known = list(Topic.objects.all())
    by_slug, by_name = ({getattr(topic, key): topic for topic in known} for key in ("slug", "name"))
    if problem := _unknown_slug(entries, by_slug):
        raise CatalogueError(f"{path} can’t be loaded: {problem}")
    counts: dict[str, int] = dict.fromkeys(("new", "updated", "kept", "unchanged"), 0)
    with transaction.atomic():
        for position, entry in enumerate(entries, first):
            namesake = by_name.get(entry["name"])
            values = DEFAULTS | _fields(entry) | {"position": position}
            counts[_load_one(entry, values, path.stem, by_slug.get(entry["slug"], namesake), namesake)] += 1
        areas.refresh()
    return LoadResult(**counts, lost=_lost())


def check(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a parsed file, each area before its topics. Raise CatalogueError unless all are valid."""
    entries, area_entries = document.get("topic"), document.get("area", [])
    for listed in (entries, area_entries):
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise CatalogueError("it holds no topics: each begins with [[topic]], and an area with [[area]].")
    entries = _with_areas(entries or [], area_entries)
    if not entries:
        raise CatalogueError("it holds no topics: each begins with [[topic]].")
    for number, entry in enumerate(entries, 1):
        if problem := _problem(entry):
            raise CatalogueError(f"{_label(entry, number)} {problem}")
    for key in ("slug", "name"):
        if duplicate := _first_duplicate(entry[key] for entry in entries):
            raise CatalogueError(f"two topics have the {key} “{duplicate}”: give each its own.")
    _check_levels(entries)
    _check_popular(document.get("popular", []), entries)
    return entries


def _with_areas(entries: list[dict[str, Any]], area_entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the topics' entries with an entry for each area, before those of its topics."""
    names = {area.get("name") for area in area_entries}
    ordered: list[dict[str, Any]] = []
    for area in area_entries:
        if unknown := sorted(area.keys() - set(AREA_KEYS)):
            keys = ", ".join(AREA_KEYS)
            raise CatalogueError(f"area “{area.get('name')}” has the unknown key “{unknown[0]}”: the keys are {keys}.")
        members = [entry for entry in entries if entry.get("group") == area.get("name")]
        single = [str(entry.get("slug")) for entry in members if not entry.get("narrower")]
        if not single:
            raise CatalogueError(f"area “{area.get('name')}” has no topics: give some of them its name as group.")
        ordered += [{**area, "group": area.get("name"), "narrower": single}, *members]
    rest = [entry for entry in entries if entry.get("group") not in names]
    if area_entries and rest:
        raise CatalogueError(f"{_label(rest[0], 1)} has a group that is no area: add the area, or correct its group.")
    return [*ordered, *rest]


def _check_popular(slugs: Any, entries: list[dict[str, Any]]) -> None:
    if not _is_list_of_texts(slugs):
        raise CatalogueError('its popular is no list of slugs: popular = ["…", "…"].')
    offered = {entry["slug"] for entry in entries if entry.get("offered", True)}
    if unknown := next((slug for slug in slugs if slug not in offered), ""):
        raise CatalogueError(f"its popular has “{unknown}”, which is no offered topic: correct the slug.")


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the entries as they are written. Raise CatalogueError unless all of them are valid."""
    try:
        return check(_document(path))
    except CatalogueError as error:
        raise CatalogueError(f"{path} can’t be loaded: {error}") from error


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path} can’t be read: {error}.") from error


def _load_one(
    entry: dict[str, Any], values: dict[str, Any], catalogue: str, topic: Topic | None, namesake: Topic | None
) -> str:
    offered: bool = entry.get("offered", True)
    fresh = _hash(values if offered else values | RETIRED)
    if topic is None:
        Topic(slug=entry["slug"], catalogue=catalogue, loaded_hash=fresh, is_offered=offered, **values).save()
        return "new"
    if namesake not in (None, topic):
        return "kept"  # an admin gave the name to another topic, and names are unique
    if _is_edited(topic):
        return "kept"
    if topic.loaded_hash == fresh:
        return "unchanged"
    for name, value in values.items():
        setattr(topic, name, value)
    topic.loaded_hash, topic.catalogue = fresh, catalogue
    topic.is_offered = topic.is_offered and offered  # an admin may have withdrawn it
    topic.save()
    return "updated"


def _is_edited(topic: Topic) -> bool:
    """Return whether an admin changed the topic since it was loaded. Withdrawing it is no such change."""
    values = {name: getattr(topic, name) for name in FIELDS}
    return topic.loaded_hash not in (_hash(values), _hash(values | RETIRED))


def _fields(entry: dict[str, Any], *more: str) -> dict[str, Any]:
    return {name: entry[name] for name in (*more, *FIELDS) if name in entry}


def _hash(values: dict[str, Any]) -> str:
    # An area's topics follow from their groups.
    narrower = [] if values.get("name") == values.get("group") else sorted(values.get("narrower", ()))
    # Databases that loaded the catalogue before there were broader topics and categories hold hashes without them.
    lists = {"narrower": narrower, "categories": values.get("categories", [])}
    values = {name: value for name, value in values.items() if name not in lists}
    values |= {name: value for name, value in lists.items() if value}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _lost() -> tuple[str, ...]:
    """Return a line for each slug that a broader topic includes and that is no topic, or is a broader one itself."""
    known = {topic.slug: topic for topic in Topic.objects.all()}
    return tuple(
        f"“{topic.name}” includes {slug}, which {'includes others itself' if slug in known else 'is no topic'}"
        for topic in known.values()
        for slug in topic.narrower
        if slug not in known or known[slug].narrower
    )


def _unknown_slug(entries: Sequence[dict[str, Any]], known: Iterable[str]) -> str:
    """Return an error message if an entry includes a slug that is neither another entry's nor `known`; else ""."""
    slugs = {entry["slug"] for entry in entries} | set(known)
    for entry in entries:
        for slug in entry.get("narrower", ()):
            if slug not in slugs:
                return (
                    f"topic “{entry['slug']}” includes “{slug}”, which is no topic: "
                    "correct the slug in its narrower, or add that topic."
                )
    return ""


def _label(entry: dict[str, Any], number: int) -> str:
    name = entry.get("slug") or entry.get("name")
    return f"topic “{name}”" if name else f"topic {number}"


def _problem(entry: dict[str, Any]) -> str:
    """Return what is wrong with one entry by itself, or "" if it is valid."""
    if unknown := sorted(entry.keys() - {*TEXTS, *LISTS, *RETIRED}):
        return f"has the unknown key “{unknown[0]}”: the keys are {', '.join((*TEXTS, *LISTS, *RETIRED))}."
    for key in TEXTS:
        if not isinstance(entry.get(key, ""), str) or (key in REQUIRED and not str(entry.get(key, "")).strip()):
            return f'needs a {key}: {key} = "…", in quotes.'
    for key in LISTS:
        if not _is_list_of_texts(entry.get(key, [])):
            return f'has {key} that are no list of texts: {key} = ["…", "…"].'
    if not isinstance(entry.get("offered", True), bool):
        return "has an offered that is neither true nor false: offered = false."
    if not any(entry.get(key) for key in ("phrases", "categories", "narrower")):
        return "has neither phrases nor categories nor narrower: it would find nothing. Write at least one phrase."
    if entry["slug"] in entry.get("narrower", ()):
        return "includes itself: take it out of its own narrower."
    return _invalid_field(entry)


def _invalid_field(entry: dict[str, Any]) -> str:
    """Return which field of the entry the model refuses and why, or ""."""
    try:
        Topic(**_fields(entry, "slug")).clean_fields()
    except ValidationError as error:
        key, messages = next(iter(error.message_dict.items()))
        return f"has a {key} that can’t be stored: {messages[0]}"
    return ""


def _check_levels(entries: list[dict[str, Any]]) -> None:
    """Raise CatalogueError if a broader topic includes another broader one: there is one level."""
    broader = {entry["slug"] for entry in entries if entry.get("narrower")}
    for entry in entries:
        if nested := next((slug for slug in entry.get("narrower", ()) if slug in broader), ""):
            raise CatalogueError(
                f"topic “{entry['slug']}” includes “{nested}”, which includes others itself: "
                "name those in its narrower instead."
            )


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value)


def _first_duplicate(values: Iterable[str]) -> str:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return ""
