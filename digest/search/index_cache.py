"""The indexes of the last editions, cached in each process, because every preview needs the same few days."""

import datetime as dt
import gc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from django.db.models import Count, Max, Q, Sum, TextField
from django.db.models.functions import Cast, Length

from digest.editions import candidates, publication
from digest.matching import Index, Interest
from digest.matching.corpus import EarlierPapers
from digest.models import Edition, Paper
from digest.personalization import assessments, embeddings, expansions, paper_index
from digest.search.recent_papers import RecentPapers
from subscriptions.models import Topic

LAST = 7  # editions
MANY = 1_000  # papers in the indexes that make the garbage collector slow

# Columns that matching and templates read, with `edition`, which Django would otherwise load paper by paper.
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

# An edition's id, its day, a fingerprint of its papers, and one of the topics and what else all indexes share.
Stamp = tuple[int, dt.date, tuple[object, ...], int]


@dataclass(frozen=True)
class _CachedIndex:
    """An index, the texts that it compares by embedding, and the number of them without an embedding."""

    index: Index
    texts: tuple[str, ...]
    missing: int

    def may_know_more(self) -> bool:
        """Return whether to rebuild the index: more embeddings exist now, and they are enough to be used."""
        missing = embeddings.missing(self.texts) if self.missing else 0
        has_some = self.index.corpus.embedding_space is not None
        return missing < self.missing and (has_some or not missing or self._has_half(missing))

    def with_expansions(self, earlier: EarlierPapers) -> "_CachedIndex":
        return replace(self, index=self.index.with_expansions(earlier))

    def _has_half(self, missing: int) -> bool:
        return missing <= len(self.index.papers) // 2


class _IndexCache:
    """The indexes of this process: one for each edition as it was then, the RecentPapers of all, and of the week.

    It is not a BoundedCache: it holds exactly the current editions, and replaces the indexes that have changed.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._indexes: dict[Stamp, _CachedIndex] = {}
        self._newest = 0  # id of the newest embedding at the last check
        self._expanded_at: dt.datetime | None = None  # the newest expansion that the indexes look up
        self._recent = self._week = RecentPapers(())
        self._week_is_current = False

    def recent(self, stamps: Sequence[Stamp], expanded_at: dt.datetime | None) -> RecentPapers:
        with self._lock:  # so that two threads do not build the same index
            return self._update(stamps, expanded_at)

    def week(self, stamps: Sequence[Stamp], expanded_at: dt.datetime | None) -> RecentPapers:
        with self._lock:
            self._update(stamps, expanded_at)
            if not self._week_is_current:
                self._week, self._week_is_current = _build_week(stamps), True
            return self._week

    def _update(self, stamps: Sequence[Stamp], expanded_at: dt.datetime | None) -> RecentPapers:
        self._drop_outdated()
        has_changed, has_expansions = list(self._indexes) != list(stamps), expanded_at != self._expanded_at
        if has_expansions:
            self._expanded_at, earlier = expanded_at, expansions.earlier_papers()
            self._indexes = {stamp: cached.with_expansions(earlier) for stamp, cached in self._indexes.items()}
            self._week = RecentPapers(tuple((day, index.with_expansions(earlier)) for day, index in self._week.days))
        if has_changed:
            topics = paper_index.catalogue()
            self._indexes = {stamp: self._indexes.get(stamp) or _build(stamp[0], topics) for stamp in stamps}
            self._week_is_current = False
        if has_changed or has_expansions:
            self._recent = RecentPapers(tuple((stamp[1], cached.index) for stamp, cached in self._indexes.items()))
            if sum(len(index.papers) for index in self._recent.indexes) >= MANY:
                _freeze()
        return self._recent

    def _drop_outdated(self) -> None:
        """Drop the indexes without the latest embeddings. It takes one query, or none if nothing was missing."""
        if not embeddings.is_available() or not any(cached.missing for cached in self._indexes.values()):
            return
        newest = embeddings.newest()
        if newest != self._newest:
            self._newest = newest
            self._indexes = {stamp: cached for stamp, cached in self._indexes.items() if not cached.may_know_more()}


_cache = _IndexCache()


def last() -> RecentPapers:
    """Return the last LAST editions as they are now: up to six queries, and new indexes for changed editions."""
    return _cache.recent(*_stamps())


def last_week() -> RecentPapers:
    """Return the week up to the last edition as one day, as a weekly digest treats it."""
    return _cache.week(*_stamps())


def _freeze() -> None:
    """Exempt all live objects from garbage collection: with large indexes, every full pass takes 0.2 seconds.

    Collect earlier indexes first, because they contain cycles.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _build_week(stamps: Sequence[Stamp]) -> RecentPapers:
    if not stamps:
        return RecentPapers(())
    edition_id, day, *_ = stamps[0]
    papers = candidates.papers(Edition(pk=edition_id, day=day), day - candidates.WEEK).only(*FIELDS)
    return RecentPapers(((day, paper_index.build_index(papers, for_page=True)),))


def _build(edition_id: int, topics: Sequence[Interest]) -> _CachedIndex:
    papers = list(publication.papers_as_emailed(Edition(pk=edition_id)).only(*FIELDS))
    texts = paper_index.texts_of(papers, topics)
    missing = embeddings.missing(texts) if embeddings.is_available() else 0
    return _CachedIndex(paper_index.build_index(papers, topics, for_page=True), texts, missing)


def _stamps() -> tuple[list[Stamp], dt.datetime | None]:
    """Return the stamps of the last editions, the newest first, and when the newest expansion was stored."""
    rows = list(Edition.objects.order_by("-day").values_list("pk", "day", *expansions.state_columns())[:LAST])
    newest = [(pk, day) for pk, day, *_ in rows]
    archive = expansions.ArchiveState(*rows[0][2:]) if rows else expansions.ArchiveState()
    shown = Paper.objects.filter(edition__in=[pk for pk, _ in newest], is_hidden=False)
    seen = shown.order_by().values_list("edition").annotate(
        many=Count("pk"), which=Sum("pk"), pinned=Sum("pk", filter=Q(is_pinned=True)), voted=Sum("votes"),
        came=Max("first_seen_at"), asked=Max("enriched_at"), titles=Sum(Length("title")), texts=Sum(Length("abstract")),
    )  # fmt: skip
    assessed = assessments.newest(pk for pk, _ in newest)
    fingerprints = {pk: (*fingerprint, assessed.get(pk)) for pk, *fingerprint in seen}
    shared = hash((_topics_hash(), paper_index.background(), archive._replace(expanded_at=None)))
    return [(pk, day, fingerprints.get(pk, ()), shared) for pk, day in newest], archive.expanded_at


def _topics_hash() -> int:
    """Return a hash of all topics. The lists stay JSON text, because parsing them would take longer than a preview."""
    as_text = (Cast(field, TextField()) for field in ("phrases", "exclusions", "categories", "narrower"))
    rows = Topic.objects.values_list("pk", "name", "description", "loaded_hash", "is_offered", "vector", *as_text)
    return hash(tuple(rows))
