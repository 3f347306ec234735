"""The reading list: the papers that a reader has saved, each with tags and a note of their own."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from digest.models import Paper, SavedPaper
from digest.personalization import likes
from subscriptions.models import Subscriber

MAX_SAVED_PAPERS = 5_000  # papers on a list
MAX_TAGS = 10  # of a paper
MAX_TAG_LENGTH = 40  # characters
MAX_TAGS_LENGTH = 500  # characters of all tags of a paper, with commas
MAX_SHOWN_TAGS = 200  # of a list; papers with another tag are found by a search for it
MAX_NOTE_LENGTH = 2_000  # characters
MAX_WORDS = 10  # of a search; further ones are left out
UNDO_TIME = dt.timedelta(days=1)  # for a removed paper to come back with its tags and note

ORDERS = {
    "newest": ("-saved_at", "-pk"),
    "oldest": ("saved_at", "pk"),
    "title": ("paper__title", "pk"),
    "votes": ("-paper__votes", "-saved_at"),
}


class FullListError(Exception):
    """The list holds as many papers as a list may."""


@dataclass(frozen=True)
class Tag:
    """A tag of the reader, and the number of saved papers that have it."""

    name: str
    papers: int


def save(reader: Subscriber, paper: Paper, *, now: dt.datetime) -> bool:
    """Put a paper on the list, and learn from it. Return False if it was there. A removed one comes back as it was."""
    row = SavedPaper.objects.filter(subscriber=reader, paper=paper).first()
    if row is None:
        if SavedPaper.objects.filter(subscriber=reader).count() >= MAX_SAVED_PAPERS:
            raise FullListError
        _, is_changed = SavedPaper.objects.get_or_create(subscriber=reader, paper=paper, defaults={"saved_at": now})
    else:
        is_changed = bool(SavedPaper.objects.filter(pk=row.pk).exclude(removed_at=None).update(removed_at=None))
    if is_changed:
        likes.learn(reader, now=now)
    return is_changed


def add_confirmed(reader: Subscriber, keys: Sequence[str], *, now: dt.datetime) -> None:
    """Put the papers of a sign-up that has just been confirmed on the list. A full list must not prevent that."""
    for paper in Paper.objects.filter(Q(key__in=keys) | Q(aliases__key__in=keys), is_hidden=False).distinct():
        with suppress(FullListError):
            save(reader, paper, now=now)


def remove(reader: Subscriber, paper: Paper, *, now: dt.datetime) -> bool:
    """Take a paper off the list, and no longer learn from it. Return False if it is not there."""
    is_changed = bool(_rows(reader).filter(paper=paper).update(removed_at=now))
    if is_changed:
        likes.learn(reader, now=now)
    return is_changed


def is_saved(reader: Subscriber, paper: Paper) -> bool:
    return _rows(reader).filter(paper=paper).exists()


def annotate(reader: Subscriber, paper: Paper, tags: str, note: str) -> bool:
    """Set the tags, separated by commas, and the note of a saved paper. Return False if it is not on the list."""
    text = note.replace("\x00", "").strip()[:MAX_NOTE_LENGTH]  # PostgreSQL refuses the null character
    return bool(_rows(reader).filter(paper=paper).update(tags=read_tags(tags), note=text))


def read_tags(text: str) -> list[str]:
    """Return the tags in `text`, which separates them by commas, without repetitions and in its order."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    names = (" ".join(name.split()).lstrip("#")[:MAX_TAG_LENGTH].strip() for name in printable.split(","))
    by_key: dict[str, str] = {}
    for name in filter(None, names):
        by_key.setdefault(name.casefold(), name)
    return list(by_key.values())[:MAX_TAGS]


def tags_of(reader: Subscriber) -> list[Tag]:
    """Return the reader's MAX_SHOWN_TAGS most used tags, the most used first."""
    counted = Counter(name for names in _rows(reader).values_list("tags", flat=True) for name in names)
    most_used = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MAX_SHOWN_TAGS]
    return [Tag(name, papers) for name, papers in most_used]


def find(reader: Subscriber, *, words: str = "", tag: str = "", order: str = "newest") -> QuerySet[SavedPaper]:
    """Return the saved papers that contain all `words` and have the tag. An unknown order is the default one."""
    rows = _rows(reader).select_related("paper__edition")
    sought = words.split()[:MAX_WORDS]
    names = _tags_and_authors(reader) if sought else []
    for word in sought:
        anywhere = (f"{field}__icontains" for field in ("paper__title", "paper__abstract", "note"))
        matches = Q()
        for lookup in anywhere:
            matches |= Q(**{lookup: word})
        wanted = word.casefold()
        named = [pk for pk, folded in names if any(wanted in name for name in folded)]
        rows = rows.filter(matches | Q(pk__in=named))
    if tag:
        rows = rows.filter(pk__in=_with_tag(reader, tag))
    return rows.order_by(*ORDERS.get(order, ORDERS["newest"]))


def papers(rows: Iterable[SavedPaper]) -> list[Paper]:
    return [row.paper for row in rows]


def delete_old(*, now: dt.datetime) -> int:
    """Delete the papers that were removed from lists and can't come back. Return their number."""
    return SavedPaper.objects.filter(removed_at__lt=now - UNDO_TIME).delete()[0]


def _rows(reader: Subscriber) -> QuerySet[SavedPaper]:
    return SavedPaper.objects.filter(subscriber=reader, removed_at=None, paper__is_hidden=False)


def _with_tag(reader: Subscriber, tag: str) -> Sequence[int]:
    """Compare in Python, because SQLite can't look into lists in a column."""
    wanted = tag.casefold()
    rows = _rows(reader).values_list("pk", "tags")
    return [pk for pk, tags in rows if wanted in {name.casefold() for name in tags}]


def _tags_and_authors(reader: Subscriber) -> list[tuple[int, list[str]]]:
    """Return each saved paper's id, and its tags and authors in lower case."""
    rows = _rows(reader).values_list("pk", "tags", "paper__authors")
    return [(pk, [name.casefold() for name in (*tags, *authors)]) for pk, tags, authors in rows]
