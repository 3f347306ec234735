"""Insert or update papers by their canonical key. It may run any number of times, and on two machines at once."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from digest.models import Listing, Paper, PaperAlias, Source, Turn
from digest.models.papers import title_key
from digest.paper_keys import is_at_arxiv
from digest.papers import deduplication, topic_assignment
from digest.sources.records import ANNOUNCE_TYPES, PaperRecord

TURN = "ingest"
CHUNK = 500  # rows in a statement; SQLite limits the number of parameters

# The first source sets these. After that only arXiv changes them, because it has them from the authors.
FIRST_SOURCE_FIELDS = ("title", "abstract", "authors", "published_on")
# Each source that has these updates them.
LATEST_FIELDS = (
    "keywords", "thumbnail_url", "figure_url", "github_url", "github_stars", "project_url", "organization", "summary",
    "comment",
)  # fmt: skip
COUNT_FIELDS = ("votes", "comments")
# These were made from the abstract. If it changes, they are made again.
DERIVED_FIELDS = ("take_away", "take_away_by")
# These combine several records.
COMBINED_FIELDS = ("key", "url", "doi", "fingerprint", "title_key", "categories", "announce_type")


@dataclass
class IngestResult:
    """The number of papers that an ingest added, changed and left unchanged."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def ingest(source: Source, records: Sequence[PaperRecord], day: dt.date) -> IngestResult:
    """Store what `source` lists, each record under its own day or else under `day`.

    A second run with the same records changes nothing. A paper's edition, pin and votes at publication never change
    here.
    """
    result = IngestResult()
    unique: dict[str, PaperRecord] = {}
    for record in records:
        unique.setdefault(record.key, record)  # the first of several with one key counts
    for chunk in _chunks(list(unique.values())):
        with transaction.atomic():
            lock_ingest()
            _ingest_chunk(source, chunk, day, result)
    return result


def enrich(keys: Sequence[str], records: Iterable[PaperRecord], *, now: dt.datetime) -> int:
    """Merge arXiv's answer about `keys` into the papers. Return the number of changed papers.

    All of `keys` count as asked for, even if arXiv does not know them.
    """
    by_key = {record.key: record for record in records}
    with transaction.atomic():
        lock_ingest()
        papers = list(Paper.objects.filter(key__in=keys))
        changed = [paper for paper in papers if paper.key in by_key and _merge(paper, by_key[paper.key])]
        for paper in papers:
            paper.enriched_at = now
        Paper.objects.bulk_update(
            papers,
            [*FIRST_SOURCE_FIELDS, *LATEST_FIELDS, *COUNT_FIELDS, *COMBINED_FIELDS, *DERIVED_FIELDS, "enriched_at"],
        )
        topic_assignment.mark_stale(changed)
        deduplication.merge_duplicates(changed)
    return len(changed)


def lock_ingest() -> None:
    """Wait, in a transaction, until no other transaction ingests or publishes.

    Two ingests may add the same work under different keys, and neither of two papers may be published while they are
    being merged.
    """
    Turn.objects.select_for_update().get_or_create(name=TURN, defaults={"free_at": timezone.now()})


def _ingest_chunk(source: Source, records: list[PaperRecord], day: dt.date, result: IngestResult) -> None:
    known = deduplication.KnownPapers(records)
    new: list[Paper] = []
    changed: dict[int, Paper] = {}
    seen: list[tuple[Paper, PaperRecord]] = []
    former_keys: list[tuple[str, Paper]] = []
    for record in records:
        paper = known.find(record)
        if paper is None:
            paper = Paper(key=record.key, url=record.url)
            new.append(paper)
        former_keys.append((paper.key, paper))
        if _merge(paper, record) and paper.pk:
            changed[paper.pk] = paper
        known.add(paper)
        seen.append((paper, record))
    Paper.objects.bulk_create(new)
    Paper.objects.bulk_update(
        changed.values(), [*FIRST_SOURCE_FIELDS, *LATEST_FIELDS, *COUNT_FIELDS, *COMBINED_FIELDS, *DERIVED_FIELDS]
    )
    topic_assignment.mark_stale(changed.values())
    _keep_aliases([*former_keys, *((record.key, paper) for paper, record in seen)])
    _list(source, seen, day)
    deduplication.merge_duplicates([*new, *changed.values()])
    result.new += len(new)
    result.changed += len(changed)
    result.unchanged += len(records) - len(new) - len(changed)


def _merge(paper: Paper, record: PaperRecord) -> bool:
    """Copy what the record says to the paper. Return whether that changed anything.

    The result does not depend on the order of the sources, or on how often each is read.
    """
    given = {
        name: value
        for name in (*FIRST_SOURCE_FIELDS, *LATEST_FIELDS)
        if (value := getattr(record, name)) not in ("", (), None)
    }
    # Other sources' records of arXiv's papers have no categories.
    is_from_arxiv = bool(record.categories) and is_at_arxiv(record.key)
    fresh = {
        name: value
        for name, value in given.items()
        if name in LATEST_FIELDS or is_from_arxiv or not getattr(paper, name)
    }
    fresh |= {name: max(getattr(paper, name), getattr(record, name)) for name in COUNT_FIELDS}
    fresh |= _combined(paper, record)
    if fresh.get("abstract", paper.abstract) != paper.abstract:
        fresh |= dict.fromkeys(DERIVED_FIELDS, "")
    changes = {name: _stored(value) for name, value in fresh.items() if getattr(paper, name) != _stored(value)}
    for name, value in changes.items():
        setattr(paper, name, value)
    before = (paper.fingerprint, paper.title_key)
    paper.fingerprint = deduplication.fingerprint(paper.title, paper.authors)
    paper.title_key = title_key(paper.title)
    return bool(changes) or (paper.fingerprint, paper.title_key) != before


def _combined(paper: Paper, record: PaperRecord) -> dict[str, object]:
    """Return what the record adds to earlier ones: it may know the work by another key or in another category."""
    gets_arxiv_key = is_at_arxiv(record.key) and not is_at_arxiv(paper.key)
    return {
        "key": record.key if gets_arxiv_key else paper.key,
        "url": record.url if gets_arxiv_key else paper.url,
        "doi": paper.doi or deduplication.doi_of(record),
        "categories": list(dict.fromkeys([*paper.categories, *record.categories])),
        "announce_type": max(paper.announce_type, record.announce_type, key=_rank_of),
    }


def _rank_of(announce_type: str) -> int:
    return ANNOUNCE_TYPES.index(announce_type) if announce_type in ANNOUNCE_TYPES else 0


def _keep_aliases(keys: list[tuple[str, Paper]]) -> None:
    """Remember each key under which a source knows, or the site knew, a paper that now has another key."""
    others = {key: PaperAlias(key=key, paper=paper) for key, paper in keys if key != paper.key}
    PaperAlias.objects.bulk_create(others.values(), ignore_conflicts=True)


def _stored(value: object) -> object:
    """Return `value` as it is read back from a JSON column."""
    return list(value) if isinstance(value, tuple) else value


def _list(source: Source, seen: list[tuple[Paper, PaperRecord]], day: dt.date) -> None:
    listed = set(
        Listing.objects.filter(source=source, paper__in=[paper for paper, _ in seen]).values_list("paper_id", flat=True)
    )
    # If a feed gives no day, a paper is listed on the day when it first appeared there, and not again on later days.
    listings = [_listing(source, paper, record, day) for paper, record in seen if record.day or paper.pk not in listed]
    unique: dict[tuple[int, dt.date], Listing] = {}
    for listing in listings:
        unique.setdefault((listing.paper_id, listing.day), listing)  # two keys may belong to one paper
    Listing.objects.bulk_create(
        unique.values(),
        update_conflicts=True,
        unique_fields=["paper", "source", "day"],
        update_fields=["votes", "comments", "announce_type", "submitter"],
    )


def _listing(source: Source, paper: Paper, record: PaperRecord, day: dt.date) -> Listing:
    return Listing(
        paper=paper,
        source=source,
        day=record.day or day,
        votes=record.votes,
        comments=record.comments,
        announce_type=record.announce_type,
        submitter=record.submitter,
    )


def _chunks(records: list[PaperRecord]) -> list[list[PaperRecord]]:
    return [records[start : start + CHUNK] for start in range(0, len(records), CHUNK)]
