"""Papers come in: an upsert by canonical id that can run any number of times, and at once on two machines."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from digest.models import Listing, Paper, Source
from digest.records import PaperRecord

CHUNK = 500  # rows a statement; SQLite takes a limited number of parameters

# The first source to say these has the word; after it arXiv alone, whose feeds have them from the authors.
ONCE = ("title", "abstract", "authors", "published_on", "doi")
# Whoever says these keeps them up to date.
EXTRAS = (
    "keywords", "thumbnail_url", "github_url", "github_stars", "project_url", "organization", "summary",
)  # fmt: skip
COUNTS = ("votes", "comments")


@dataclass
class Ingested:
    """What an ingest did, in papers."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


def ingest(source: Source, records: Sequence[PaperRecord], day: dt.date) -> Ingested:
    """Store what `source` lists, each record under its own day or else under `day`.

    A run again with the same records changes nothing. A paper's edition, pin and votes at publication are
    never touched here.
    """
    done = Ingested()
    unique: dict[str, PaperRecord] = {}
    for record in records:
        unique.setdefault(record.key, record)  # of two in one answer the first counts
    for chunk in _chunks(list(unique.values())):
        with transaction.atomic():
            _ingest_chunk(source, chunk, day, done)
    return done


def _ingest_chunk(source: Source, records: list[PaperRecord], day: dt.date, done: Ingested) -> None:
    keys = [record.key for record in records]
    known = set(Paper.objects.filter(key__in=keys).values_list("key", flat=True))
    Paper.objects.bulk_create(
        [_new_paper(record) for record in records if record.key not in known], ignore_conflicts=True
    )
    # Read again, and lock: another worker may have inserted some of them in between.
    papers = {paper.key: paper for paper in Paper.objects.select_for_update().filter(key__in=keys).order_by("pk")}
    changed = [papers[record.key] for record in records if record.key in known and _merge(papers[record.key], record)]
    Paper.objects.bulk_update(changed, [*ONCE, *EXTRAS, *COUNTS, "categories"])
    _list(source, [(papers[record.key], record) for record in records], day)
    new = len(records) - len(known)
    done.new += new
    done.changed += len(changed)
    done.unchanged += len(records) - new - len(changed)


def _new_paper(record: PaperRecord) -> Paper:
    paper = Paper(key=record.key, url=record.url)
    _merge(paper, record)
    return paper


def _merge(paper: Paper, record: PaperRecord) -> bool:
    """Bring what the record says into the paper; whether that changed anything.

    Whatever the order in which sources are read, and however often, they settle on the same paper.
    """
    said = {name: value for name in (*ONCE, *EXTRAS) if (value := getattr(record, name)) not in ("", (), None)}
    is_from_arxiv = bool(record.categories)  # the only source that gives any
    fresh = {name: value for name, value in said.items() if name in EXTRAS or is_from_arxiv or not getattr(paper, name)}
    fresh |= {name: max(getattr(paper, name), getattr(record, name)) for name in COUNTS}
    # Feeds of several categories list the same paper: each may know more of its categories.
    fresh["categories"] = list(dict.fromkeys([*paper.categories, *record.categories]))
    changes = {name: _stored(value) for name, value in fresh.items() if getattr(paper, name) != _stored(value)}
    for name, value in changes.items():
        setattr(paper, name, value)
    return bool(changes)


def _stored(value: object) -> object:
    """As it comes back from a JSON column."""
    return list(value) if isinstance(value, tuple) else value


def _list(source: Source, seen: list[tuple[Paper, PaperRecord]], day: dt.date) -> None:
    listed = set(
        Listing.objects.filter(source=source, paper__in=[paper for paper, _ in seen]).values_list("paper_id", flat=True)
    )
    Listing.objects.bulk_create(
        # A feed that gives no day lists a paper on the day when it was first seen there, and not on every day after.
        [_listing(source, paper, record, day) for paper, record in seen if record.day or paper.pk not in listed],
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
