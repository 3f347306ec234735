"""The catalogue of topics: a reviewable text file that can be loaded into the database again and again."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from subscriptions.models import Topic

CATALOGUE = Path(__file__).parent / "topics.toml"

# The keys of an entry in the file.
TEXTS = ("slug", "name", "group", "description")
LISTS = ("phrases", "exclusions", "narrower")
REQUIRED = ("slug", "name", "group")

# The fields that a load sets, and the values of those that an entry leaves out.
FIELDS = ("name", "group", "description", "phrases", "exclusions", "narrower", "position")
DEFAULTS = {"description": "", "phrases": [], "exclusions": [], "narrower": []}


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


def topics(path: Path = CATALOGUE) -> list[Topic]:
    """Return the file's topics as unsaved rows. Raise CatalogueError if the file is not valid."""
    entries = enumerate(_read(path))
    return [Topic(position=position, loaded_hash=_hash(entry), **entry) for position, entry in entries]


def slugs(path: Path = CATALOGUE) -> set[str]:
    """Return the slugs of the topics that a load brings. Raise CatalogueError if the file is not valid."""
    return {entry["slug"] for entry in _read(path)}


def load(path: Path = CATALOGUE) -> LoadResult:
    """Load the file's topics into the database; leave a topic that an admin edited as it is.

    Raise CatalogueError if the file is not valid. Nothing has been changed then.
    """
    entries = _read(path)
    known = list(Topic.objects.all())
    by_slug, by_name = ({getattr(topic, key): topic for topic in known} for key in ("slug", "name"))
    if problem := _unknown_slug(entries, by_slug):
        raise CatalogueError(f"{path} can’t be loaded: {problem}")
    counts: dict[str, int] = dict.fromkeys(("new", "updated", "kept", "unchanged"), 0)
    with transaction.atomic():
        for position, entry in enumerate(entries):
            namesake = by_name.get(entry["name"])
            counts[_load_one(entry, position, by_slug.get(entry["slug"], namesake), namesake)] += 1
    return LoadResult(**counts, lost=_lost())


def check(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a parsed file. Raise CatalogueError unless each of them can be a topic."""
    entries = document.get("topic")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CatalogueError("it holds no topics: each begins with [[topic]].")
    for number, entry in enumerate(entries, 1):
        if problem := _problem(entry):
            raise CatalogueError(f"{_label(entry, number)} {problem}")
    for key in ("slug", "name"):
        if duplicate := _first_duplicate(entry[key] for entry in entries):
            raise CatalogueError(f"two topics have the {key} “{duplicate}”: give each its own.")
    _check_levels(entries)
    return entries


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the entries as they are written. Raise CatalogueError unless all of them are valid."""
    try:
        return check(tomllib.loads(path.read_text(encoding="utf-8")))
    except CatalogueError as error:
        raise CatalogueError(f"{path} can’t be loaded: {error}") from error
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path} can’t be read: {error}.") from error


def _load_one(entry: dict[str, Any], position: int, topic: Topic | None, namesake: Topic | None) -> str:
    given = {name: entry[name] for name in FIELDS if name in entry}
    values = DEFAULTS | given | {"position": position}
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
    # Databases that loaded the catalogue before there were broader topics hold hashes without `narrower`.
    values = {name: value for name, value in values.items() if name != "narrower"}
    values |= {"narrower": narrower} if narrower else {}
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
    if unknown := sorted(entry.keys() - {*TEXTS, *LISTS}):
        return f"has the unknown key “{unknown[0]}”: the keys are {', '.join((*TEXTS, *LISTS))}."
    for key in TEXTS:
        if not isinstance(entry.get(key, ""), str) or (key in REQUIRED and not str(entry.get(key, "")).strip()):
            return f'needs a {key}: {key} = "…", in quotes.'
    for key in LISTS:
        if not _is_list_of_texts(entry.get(key, [])):
            return f'has {key} that are no list of texts: {key} = ["…", "…"].'
    if not entry.get("phrases") and not entry.get("narrower"):
        return "has neither phrases nor narrower: it would find nothing. Write at least one phrase."
    if entry["slug"] in entry.get("narrower", ()):
        return "includes itself: take it out of its own narrower."
    return _invalid_field(entry)


def _invalid_field(entry: dict[str, Any]) -> str:
    """Return which field of the entry the model refuses and why, or ""."""
    try:
        Topic(**entry).clean_fields()
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
