"""The indexes of the last editions, kept in each process: previews ask the same few days again and again."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from django.db.models import Count, Max, Q, Sum, TextField
from django.db.models.functions import Cast, Length

from digest.editions import candidates, publication
from digest.matching import Index, Interest
from digest.models import Edition, Paper
from digest.personalization import embeddings, paper_index
from digest.search.recent_papers import RecentPapers
from subscriptions.models import Topic

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

# An edition's id, its day, what changes when one of its papers does, and what changes when a topic does.
Stamp = tuple[int, dt.date, tuple[object, ...], int]


@dataclass(frozen=True)
class _CachedIndex:
    """An index, what it compares by meaning, and for how many of these texts there was no vector."""

    index: Index
    texts: tuple[str, ...]
    missing: int

    def may_know_more(self) -> bool:
        """Whether meaning came to it, or its last vector did: it is not made anew for every few."""
        missing = embeddings.missing(self.texts) if self.missing else 0
        return missing < self.missing and (not missing or (self.index.day.meaning is None and self._most(missing)))

    def _most(self, missing: int) -> bool:
        return missing <= len(self.index.papers) // 2


class _IndexCache:
    """What this process has made: an index for each edition as it was then, the shelf of all, and the week."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[Stamp, _CachedIndex] = {}
        self._newest = 0  # vector, when it was looked last
        self._shelf = self._week_of = self._week = RecentPapers(())

    def recent(self, stamps: Sequence[Stamp]) -> RecentPapers:
        with self._lock:  # two threads that ask at once make one index
            self._forget_outgrown()
            if list(self._made) != list(stamps):
                topics = paper_index.catalogue()
                self._made = {stamp: self._made.get(stamp) or _make(stamp[0], topics) for stamp in stamps}
                self._shelf = RecentPapers(tuple((stamp[1], made.index) for stamp, made in self._made.items()))
            return self._shelf

    def week(self, stamps: Sequence[Stamp]) -> RecentPapers:
        recent = self.recent(stamps)
        with self._lock:
            if self._week_of is not recent:
                self._week_of, self._week = recent, _make_week(stamps)
            return self._week

    def _forget_outgrown(self) -> None:
        """Forget the indexes for which vectors were worked out since: one query, and none where all are there."""
        if not embeddings.is_available() or not any(made.missing for made in self._made.values()):
            return
        newest = embeddings.newest()
        if newest != self._newest:
            self._newest = newest
            self._made = {stamp: made for stamp, made in self._made.items() if not made.may_know_more()}


_kept = _IndexCache()


def last() -> RecentPapers:
    """The last LAST editions as they are now: three or four queries, and an index made anew where it has changed."""
    return _kept.recent(_stamps())


def last_week() -> RecentPapers:
    """The week to the last edition as a weekly digest is made of it: as if all its papers were of that one day."""
    return _kept.week(_stamps())


def _make_week(stamps: Sequence[Stamp]) -> RecentPapers:
    if not stamps:
        return RecentPapers(())
    edition_id, day, *_ = stamps[0]
    papers = candidates.papers(Edition(pk=edition_id, day=day), day - candidates.WEEK).only(*FIELDS)
    return RecentPapers(((day, paper_index.build_index(papers, for_page=True)),))


def _make(edition_id: int, topics: Sequence[Interest]) -> _CachedIndex:
    papers = list(publication.papers_of(Edition(pk=edition_id)).only(*FIELDS))
    texts = paper_index.texts_of(papers, topics)
    missing = embeddings.missing(texts) if embeddings.is_available() else 0
    return _CachedIndex(paper_index.build_index(papers, topics, for_page=True), texts, missing)


def _stamps() -> list[Stamp]:
    newest = list(Edition.objects.order_by("-day").values_list("pk", "day")[:LAST])
    shown = Paper.objects.filter(edition__in=[pk for pk, _ in newest], is_hidden=False)
    seen = shown.order_by().values_list("edition").annotate(
        many=Count("pk"), which=Sum("pk"), pinned=Sum("pk", filter=Q(is_pinned=True)), voted=Sum("votes"),
        came=Max("first_seen_at"), asked=Max("enriched_at"), titles=Sum(Length("title")), texts=Sum(Length("abstract")),
    )  # fmt: skip
    marks = {pk: tuple(mark) for pk, *mark in seen}
    topics = _mark_of_topics()
    return [(pk, day, marks.get(pk, ()), topics) for pk, day in newest]


def _mark_of_topics() -> int:
    """As the database has them: to read their lists of phrases at each preview would take longer than the preview."""
    as_text = (Cast(field, TextField()) for field in ("phrases", "exclusions", "narrower"))
    rows = Topic.objects.values_list("pk", "name", "description", "loaded_hash", "is_offered", *as_text)
    return hash(tuple(rows))
