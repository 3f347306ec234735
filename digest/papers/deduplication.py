"""Which work a record is about: one work is one paper, whatever keys its sources know it by."""

import hashlib
import re
from collections.abc import Iterable

from django.db.models import Count

from digest.matching import fold
from digest.models import Paper, PaperAlias
from digest.sources.records import PaperRecord

SHORTEST_TITLE = 25  # letters; below that, titles such as "Editorial" say nothing of the work


class KnownPapers:
    """The papers that `records` may be about, as the database and the records before have them."""

    def __init__(self, records: Iterable[PaperRecord]) -> None:
        records = list(records)
        keys = [record.key for record in records]
        self._by_key: dict[str, Paper] = {}
        self._by_doi: dict[str, Paper] = {}
        self._by_fingerprint: dict[str, Paper] = {}
        dois = {doi for record in records if (doi := doi_of(record))}
        fingerprints = {mark for record in records if (mark := fingerprint(record.title, record.authors))}
        rows: dict[int, Paper] = {}  # one object a row: a change to one of two would be lost
        # The surest last: what is added later goes over what was there.
        for found in (
            Paper.objects.filter(fingerprint__in=fingerprints),
            Paper.objects.filter(doi__in=dois),
            Paper.objects.filter(key__in=keys),
        ):
            for paper in found.order_by("-pk"):
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
        """The paper of `record`: by its key, else its DOI, else its title with the same first author."""
        known = self._by_key.get(record.key) or self._by_doi.get(doi_of(record))
        if known is None:
            known = self._by_fingerprint.get(fingerprint(record.title, record.authors))
            if known and _have_conflicting_ids(known, record):
                return None
        return known


def _have_conflicting_ids(paper: Paper, record: PaperRecord) -> bool:
    """Whether the two have different ids of one kind: then a title in common makes them no one work.

    "This Week in Research" of one author is another piece each week.
    """
    same_kind = paper.key.partition(":")[0] == record.key.partition(":")[0]
    doi = doi_of(record)
    return (same_kind and paper.key != record.key) or bool(paper.doi and doi and paper.doi != doi)


def doi_of(record: PaperRecord) -> str:
    """The record's DOI in lower case, in which DOIs are compared; empty without one."""
    return record.doi.lower() or (record.key.removeprefix("doi:") if record.key.startswith("doi:") else "")


def fingerprint(title: str, authors: Iterable[str]) -> str:
    """A hash of the title's letters and the first author's last name; empty where they say too little."""
    letters = "".join(re.findall(r"[^\W_]+", fold(title)))
    first = next(iter(authors), "")
    last_name = fold(first.partition(",")[0] if "," in first else first.rpartition(" ")[2])
    if len(letters) < SHORTEST_TITLE or not last_name:
        return ""
    return hashlib.sha256(f"{letters}|{last_name}".encode()).hexdigest()


def merge_duplicates(papers: Iterable[Paper]) -> None:
    """Make one of each of `papers` and another row that has the same DOI, as may be learnt late.

    The one that was published stays, else the older; of two published ones both stay, since readers had both.
    """
    dois = {paper.doi for paper in papers if paper.doi}
    shared = (
        Paper.objects.filter(doi__in=dois).order_by().values_list("doi").annotate(Count("pk")).filter(pk__count__gt=1)
    )
    for doi, _ in shared:
        twins = Paper.objects.filter(doi=doi)
        first, *others = sorted(twins, key=lambda paper: (paper.edition_id is None, paper.pk))
        for other in others:
            if other.edition_id is None:
                _merge_into(other, first)


def _merge_into(paper: Paper, into: Paper) -> None:
    have = set(into.listings.values_list("source", "day"))
    for listing in paper.listings.all():
        if (listing.source_id, listing.day) not in have:
            listing.paper = into
            listing.save()
    paper.aliases.update(paper=into)
    into.votes, into.comments = max(paper.votes, into.votes), max(paper.comments, into.comments)
    into.save(update_fields=["votes", "comments"])
    paper.delete()
    PaperAlias.objects.get_or_create(key=paper.key, defaults={"paper": into})
