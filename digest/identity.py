"""Which work a record is about: one work is one paper, whatever keys its sources know it by."""

import hashlib
import re
from collections.abc import Iterable

from digest.matching import fold
from digest.models import Paper, PaperAlias
from digest.records import PaperRecord

SHORTEST_TITLE = 25  # letters; below that, titles such as "Editorial" say nothing of the work


class Known:
    """The papers that `records` may be about, as the database and the records before have them."""

    def __init__(self, records: Iterable[PaperRecord]) -> None:
        records = list(records)
        keys = [record.key for record in records]
        self._by_key: dict[str, Paper] = {}
        self._by_doi: dict[str, Paper] = {}
        self._by_fingerprint: dict[str, Paper] = {}
        dois = {doi for record in records if (doi := doi_of(record))}
        fingerprints = {mark for record in records if (mark := fingerprint(record.title, record.authors))}
        # The surest last: what is added later goes over what was there.
        for found in (
            Paper.objects.filter(fingerprint__in=fingerprints),
            Paper.objects.filter(doi__in=dois),
            Paper.objects.filter(key__in=keys),
        ):
            for paper in found.order_by("-pk"):
                self.add(paper)
        for alias in PaperAlias.objects.filter(key__in=keys).select_related("paper"):
            # The same object for the same row: a change to it must not be lost.
            self._by_key.setdefault(alias.key, self._by_key.get(alias.paper.key, alias.paper))

    def add(self, paper: Paper) -> None:
        known = self._by_key.setdefault(paper.key, paper)
        if known.doi:
            self._by_doi[known.doi] = known
        if known.fingerprint:
            self._by_fingerprint[known.fingerprint] = known

    def find(self, record: PaperRecord) -> Paper | None:
        """The paper of `record`: by its key, else its DOI, else its title with the same first author."""
        return (
            self._by_key.get(record.key)
            or self._by_doi.get(doi_of(record))
            or self._by_fingerprint.get(fingerprint(record.title, record.authors))
        )


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
