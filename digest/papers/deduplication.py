"""Find the work that a record is about: one work is one paper, although its sources may use different keys."""

import hashlib
import re
from collections.abc import Iterable

from django.db.models import Count

from digest.matching import fold
from digest.models import Paper, PaperAlias
from digest.sources.records import PaperRecord
from digest.text.author_names import last_name

MIN_TITLE_LENGTH = 25  # letters; shorter titles, such as "Editorial", identify no work


class KnownPapers:
    """The papers that `records` may be about: those in the database, and those of earlier records."""

    def __init__(self, records: Iterable[PaperRecord]) -> None:
        records = list(records)
        keys = [record.key for record in records]
        self._by_key: dict[str, Paper] = {}
        self._by_doi: dict[str, Paper] = {}
        self._by_fingerprint: dict[str, Paper] = {}
        dois = {doi_of(record) for record in records} - {""}
        fingerprints = {fingerprint(record.title, record.authors) for record in records} - {""}
        rows: dict[int, Paper] = {}  # one object for each row, or changes to one of two objects would be lost
        # The most reliable come last, because later ones replace earlier ones.
        for candidates in (
            Paper.objects.filter(fingerprint__in=fingerprints),
            Paper.objects.filter(doi__in=dois),
            Paper.objects.filter(key__in=keys),
        ):
            for paper in candidates.order_by("-pk"):
                self.add(rows.setdefault(paper.pk, paper))
        for alias in PaperAlias.objects.filter(key__in=keys).select_related("paper"):
            self._by_key.setdefault(alias.key, rows.setdefault(alias.paper.pk, alias.paper))

    def add(self, paper: Paper) -> None:
        known = self._by_key.setdefault(paper.key, paper)
        if known.doi:
            self._by_doi[known.doi] = known
        if known.fingerprint:
            self._by_fingerprint[known.fingerprint] = known

    def find(self, record: PaperRecord) -> Paper | None:
        """Return the paper of `record`: by its key, else by its DOI, else by its title and first author."""
        known = self._by_key.get(record.key) or self._by_doi.get(doi_of(record))
        if known is None:
            known = self._by_fingerprint.get(fingerprint(record.title, record.authors))
            if known and _have_conflicting_ids(known, record):
                return None
        return known


def _have_conflicting_ids(paper: Paper, record: PaperRecord) -> bool:
    """Return whether the two have different ids of one kind.

    They are then different works, even if the titles are equal. "This Week in Research" by one author is a new
    work each week.
    """
    same_kind = paper.key.partition(":")[0] == record.key.partition(":")[0]
    doi = doi_of(record)
    return (same_kind and paper.key != record.key) or bool(paper.doi and doi and paper.doi != doi)


def doi_of(record: PaperRecord) -> str:
    """Return the record's DOI in lower case, because DOIs are compared that way, or "" if it has none."""
    return record.doi.lower() or (record.key.removeprefix("doi:") if record.key.startswith("doi:") else "")


def fingerprint(title: str, authors: Iterable[str]) -> str:
    """Return a hash of the title's letters and the first author's last name, or "" if they are too short."""
    letters = "".join(re.findall(r"[^\W_]+", fold(title)))
    last = fold(last_name(next(iter(authors), "")))
    if len(letters) < MIN_TITLE_LENGTH or not last:
        return ""
    return hashlib.sha256(f"{letters}|{last}".encode()).hexdigest()


def merge_duplicates(papers: Iterable[Paper]) -> None:
    """Merge each of `papers` with other papers that have the same DOI. A DOI may become known late.

    The published one stays, or else the older one. If both are published, both stay, because readers had both.
    """
    dois = {paper.doi for paper in papers if paper.doi}
    shared = (
        Paper.objects.filter(doi__in=dois).order_by().values_list("doi").annotate(Count("pk")).filter(pk__count__gt=1)
    )
    for doi, _ in shared:
        duplicates = Paper.objects.filter(doi=doi)
        first, *others = sorted(duplicates, key=lambda paper: (paper.edition_id is None, paper.pk))
        for other in others:
            if other.edition_id is None:
                _merge_into(other, first)


def _merge_into(paper: Paper, into: Paper) -> None:
    existing = set(into.listings.values_list("source", "day"))
    for listing in paper.listings.all():
        if (listing.source_id, listing.day) not in existing:
            listing.paper = into
            listing.save()
    paper.aliases.update(paper=into)
    into.votes, into.comments = max(paper.votes, into.votes), max(paper.comments, into.comments)
    into.save(update_fields=["votes", "comments"])
    paper.delete()
    PaperAlias.objects.get_or_create(key=paper.key, defaults={"paper": into})
