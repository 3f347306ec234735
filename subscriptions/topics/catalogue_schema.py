"""The entries of the catalogue's file: what each must say, and what is said of one that does not."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from subscriptions.models import Topic

TEXTS = ("slug", "name", "group", "description")
LISTS = ("phrases", "exclusions", "narrower")
NEEDED = ("slug", "name", "group")


class CatalogueError(ValueError):
    """The catalogue's file can't be loaded as it is; the message names the topic and says what to do."""


def checked(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a parsed file, all of which can be topics. Raises CatalogueError."""
    listed = document.get("topic")
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise CatalogueError("it holds no topics: each begins with [[topic]].")
    for number, entry in enumerate(listed, 1):
        if problem := _problem(entry):
            raise CatalogueError(f"{_called(entry, number)} {problem}")
    for key in ("slug", "name"):
        if twice := _twice(entry[key] for entry in listed):
            raise CatalogueError(f"two topics have the {key} “{twice}”: give each its own.")
    _check_levels(listed)
    return listed


def stray(listed: Sequence[dict[str, Any]], known: Iterable[str]) -> str:
    """What to say of an entry that stands for what is neither an entry nor `known`, by slugs; nothing of sound ones."""
    slugs = {entry["slug"] for entry in listed} | set(known)
    for entry in listed:
        for slug in entry.get("narrower", ()):
            if slug not in slugs:
                return (
                    f"topic “{entry['slug']}” stands for “{slug}”, which is no topic: "
                    "correct the slug in its narrower, or add that topic."
                )
    return ""


def _called(entry: dict[str, Any], number: int) -> str:
    named = entry.get("slug") or entry.get("name")
    return f"topic “{named}”" if named else f"topic {number}"


def _problem(entry: dict[str, Any]) -> str:
    """What is wrong with one entry by itself; nothing where it is sound."""
    if unknown := sorted(entry.keys() - {*TEXTS, *LISTS}):
        return f"says “{unknown[0]}”, which means nothing here: it can say {', '.join((*TEXTS, *LISTS))}."
    for key in TEXTS:
        if not isinstance(entry.get(key, ""), str) or (key in NEEDED and not str(entry.get(key, "")).strip()):
            return f'needs a {key}: {key} = "…", in quotes.'
    for key in LISTS:
        if not _is_list_of_texts(entry.get(key, [])):
            return f'has {key} that are no list of texts: {key} = ["…", "…"].'
    if not entry.get("phrases") and not entry.get("narrower"):
        return "has neither phrases nor narrower: it would find nothing. Write at least one phrase."
    if entry["slug"] in entry.get("narrower", ()):
        return "stands for itself: take it out of its own narrower."
    return _misfit(entry)


def _misfit(entry: dict[str, Any]) -> str:
    try:
        Topic(**entry).clean_fields()
    except ValidationError as error:
        key, said = next(iter(error.message_dict.items()))
        return f"has a {key} that can’t be kept: {said[0]}"
    return ""


def _check_levels(listed: list[dict[str, Any]]) -> None:
    """One level: what stands for others is not stood for itself."""
    broader = {entry["slug"] for entry in listed if entry.get("narrower")}
    for entry in listed:
        if nested := next((slug for slug in entry.get("narrower", ()) if slug in broader), ""):
            raise CatalogueError(
                f"topic “{entry['slug']}” stands for “{nested}”, which stands for others itself: "
                "name those in its narrower instead."
            )


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value)


def _twice(values: Iterable[str]) -> str:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return ""
