"""Find the papers that pasted text, files and profiles name: papers of this site, and others as far as described."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Max

from digest import paper_keys
from digest.models import Paper, PaperAlias
from digest.models.papers import title_key
from digest.papers import deduplication
from digest.search import citation_parser
from digest.search.citation_parser import MAX_CITED, Reference
from subscriptions.readers.liked_papers import LikedPaper

MAX_ABSTRACT = 1_000  # characters that are kept; the sentence model reads no more
MAX_AUTHORS = 10  # authors that are kept
MAX_AUTHOR_LENGTH = 100  # characters


@dataclass(frozen=True)
class UnknownPaper:
    """A paper that is not in the database; only the citation is known."""

    key: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    votes: int = 0


CitedPaper = Paper | UnknownPaper


class UnreadReason(StrEnum):
    """A reason why a citation can't be used."""

    NO_TITLE = "no-title"  # this site doesn't have the paper, and the citation has no title
    NO_PAPER = "no-paper"  # neither a title nor an id


@dataclass(frozen=True)
class UnreadCitation:
    label: str
    reason: UnreadReason
    key: str = ""


@dataclass(frozen=True)
class CitedPapers:
    papers: tuple[CitedPaper, ...] = ()
    unread: tuple[UnreadCitation, ...] = ()
    is_full: bool = False  # there are more than the limit allows

    @property
    def unknown_at_arxiv(self) -> list[str]:
        """Return the keys of arXiv papers that have nothing but their number."""
        return [one.key for one in self.unread if paper_keys.is_at_arxiv(one.key)]


def recognize(references: Sequence[Reference]) -> CitedPapers:
    """Return the papers that are cited, each once, at most MAX_CITED."""
    described = {reference.key: reference for reference in reversed(references) if reference.key and reference.title}
    every = list(dict.fromkeys(described.get(reference.key, reference) for reference in references))
    citations = every[:MAX_CITED]
    known = _known_papers(citations)
    papers: dict[str, CitedPaper] = {}
    unread = []
    for reference in citations:
        if paper := known.get(reference.label):
            papers.setdefault(paper.key, paper)
        elif reference.title:
            unknown = _unknown_paper(reference)
            papers.setdefault(unknown.key, unknown)
        else:
            reason = UnreadReason.NO_TITLE if reference.key else UnreadReason.NO_PAPER
            unread.append(UnreadCitation(reference.label, reason, reference.key))
    return CitedPapers(tuple(papers.values()), tuple(unread), len(every) > MAX_CITED)


def read(*texts: str, further: Sequence[Reference] = ()) -> CitedPapers:
    """Return the papers that are cited in `texts`, and `further` ones."""
    return recognize([*citation_parser.read(*texts, most=MAX_CITED + 1), *further])


def find_stored(text: str) -> tuple[list[Paper], list[str]]:
    """Return the papers in the database that `text` cites, and the citations of others as they are written."""
    citations = citation_parser.read(text)
    known = _known_papers(citations)
    found = {known[reference.label].pk: known[reference.label] for reference in citations if reference.label in known}
    return list(found.values()), [reference.label for reference in citations if reference.label not in known]


def as_liked(papers: Iterable[CitedPaper]) -> list[LikedPaper]:
    """Return the papers in the form that sign-ups keep."""
    return [
        LikedPaper(paper.key, paper.title, is_stored=True)
        if isinstance(paper, Paper)
        else LikedPaper(paper.key, paper.title, paper.abstract, paper.authors)
        for paper in papers
    ]


def from_liked(liked: Sequence[LikedPaper]) -> list[CitedPaper]:
    """Return the papers that `as_liked` wrote. One that this site no longer shows is an unknown one."""
    shown = Paper.objects.filter(key__in=[paper.key for paper in liked if paper.is_stored], is_hidden=False)
    by_key = {paper.key: paper for paper in shown}
    return [by_key.get(one.key) or UnknownPaper(one.key, one.title, one.abstract, one.authors) for one in liked]


def _unknown_paper(reference: Reference) -> UnknownPaper:
    key = reference.key or f"title:{hashlib.sha256(reference.title.casefold().encode()).hexdigest()[:32]}"
    authors = tuple(name[:MAX_AUTHOR_LENGTH] for name in reference.authors[:MAX_AUTHORS])
    return UnknownPaper(key, reference.title, reference.abstract[:MAX_ABSTRACT], authors)


def _known_papers(citations: Sequence[Reference]) -> dict[str, Paper]:
    """Return the cited papers that are in the database, by the label of their citation.

    They are found by id, by title and first author, or by title alone if the citation has no author.
    """
    keys = {reference.key: reference.label for reference in citations if reference.key}
    fingerprints = {
        deduplication.fingerprint(reference.title, reference.authors): reference.label for reference in citations
    }
    fingerprints.pop("", None)
    shown = Paper.objects.filter(is_hidden=False)
    found = {fingerprints[paper.fingerprint]: paper for paper in shown.filter(fingerprint__in=fingerprints)}
    aliases = PaperAlias.objects.filter(key__in=keys, paper__is_hidden=False).select_related("paper")
    found |= {keys[alias.key]: alias.paper for alias in aliases}
    found |= {keys[paper.key]: paper for paper in shown.filter(key__in=keys)}
    without_authors = [reference for reference in citations if reference.label not in found and not reference.authors]
    return found | _papers_with_titles(without_authors)


def _papers_with_titles(citations: Sequence[Reference]) -> dict[str, Paper]:
    """Return the papers with the citations' titles, by label. A title that several papers share names none of them."""
    keys = {reference.label: title_key(reference.title) for reference in citations}
    with_title = Paper.objects.filter(is_hidden=False, title_key__in={*keys.values()} - {""}).order_by()
    # The database counts, because thousands of papers may share a title such as “Editorial”.
    counted = with_title.values("title_key").annotate(count=Count("pk"), newest=Max("pk")).filter(count=1)
    papers = {paper.title_key: paper for paper in Paper.objects.filter(pk__in=[row["newest"] for row in counted])}
    return {label: papers[key] for label, key in keys.items() if key in papers}
