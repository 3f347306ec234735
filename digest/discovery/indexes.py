"""The indexes of the last editions, kept in each process: previews ask the same few days again and again."""

import datetime as dt
from collections.abc import Sequence
from threading import Lock

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Length

from digest import editions, indexing
from digest.discovery.shelf import Shelf
from digest.matching import Index
from digest.models import Edition, Paper

LAST = 7  # editions

# What matching reads, and what is shown of a match; `edition`, or Django would ask for it paper by paper.
FIELDS = (
    "key",
    "title",
    "abstract",
    "authors",
    "categories",
    "keywords",
    "votes",
    "edition_votes",
    "is_pinned",
    "edition",
)

# An edition's id, its day, and what changes when one of its papers does.
Stamp = tuple[int, dt.date, tuple[object, ...]]


class _Kept:
    """What this process has made: an index for each edition as it was then, and the shelf of them all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._indexes: dict[Stamp, Index] = {}
        self._shelf = Shelf(())

    def shelf(self, stamps: Sequence[Stamp]) -> Shelf:
        with self._lock:  # two threads that ask at once make one index
            if list(self._indexes) != list(stamps):
                self._indexes = {stamp: self._indexes.get(stamp) or _index(stamp[0]) for stamp in stamps}
                self._shelf = Shelf(tuple((stamp[1], index) for stamp, index in self._indexes.items()))
            return self._shelf


_kept = _Kept()


def last() -> Shelf:
    """The last LAST editions as they are now: two queries, and an index made anew for each edition that changed."""
    return _kept.shelf(_stamps())


def _index(edition_id: int) -> Index:
    return indexing.index_of(editions.papers_of(Edition(pk=edition_id)).only(*FIELDS), for_page=True)


def _stamps() -> list[Stamp]:
    newest = list(Edition.objects.order_by("-day").values_list("pk", "day")[:LAST])
    shown = Paper.objects.filter(edition__in=[pk for pk, _ in newest], is_hidden=False)
    seen = shown.order_by().values_list("edition").annotate(
        many=Count("pk"), which=Sum("pk"), pinned=Sum("pk", filter=Q(is_pinned=True)), voted=Sum("votes"),
        came=Max("first_seen_at"), asked=Max("enriched_at"), titles=Sum(Length("title")), texts=Sum(Length("abstract")),
    )  # fmt: skip
    marks = {pk: tuple(mark) for pk, *mark in seen}
    return [(pk, day, marks.get(pk, ())) for pk, day in newest]
