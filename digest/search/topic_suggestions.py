"""Suggestions of topics, phrases and authors to follow, each with the papers that led to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from digest.matching import PaperText
from digest.matching.tokens import key_of
from digest.models import Paper, PaperAlias
from digest.papers import deduplication
from digest.personalization import paper_index, profiles
from digest.search import citation_parser, fulltext, index_cache, keyphrases
from digest.search.citation_parser import Reference
from digest.search.fulltext import search_terms
from digest.search.keyphrases import Keyphrase
from subscriptions.models import Topic
from subscriptions.query.grammar import Criteria, write

MAX_TOPICS = 12
MAX_PHRASES = 12
MAX_AUTHORS = 6
MAX_CANDIDATES = 20  # candidates for a pasted title
MAX_TICKED = 3  # topics, and phrases, that are ticked beforehand
TICKED = 0.5  # minimum share of the papers for a suggestion to be ticked beforehand


@dataclass(frozen=True)
class UnknownPaper:
    """A paper that is not in the database; only the pasted citation is known."""

    key: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    votes: int = 0


@dataclass(frozen=True)
class SuggestedFilter:
    """A filter to tick, with the papers that led to it."""

    value: str  # a topic's slug, or the filter in the query language
    name: str
    papers: tuple[PaperText, ...]
    is_ticked: bool = False
    description: str = ""


@dataclass(frozen=True)
class Suggestion:
    """The suggestions for some pasted citations."""

    papers: tuple[PaperText, ...]
    unknown: tuple[str, ...]  # citations without a title that are not in the database
    topics: tuple[SuggestedFilter, ...]
    words: tuple[SuggestedFilter, ...]  # phrases and authors
    is_full: bool = False  # the limit of citations was reached, and there may be more


def suggest(*texts: str) -> Suggestion:
    """Return filters that suit the citations in `texts`."""
    citations = citation_parser.read(*texts, most=citation_parser.MOST + 1)
    is_full = len(citations) > citation_parser.MOST
    del citations[citation_parser.MOST :]
    known = _known_papers(citations)
    papers: dict[str, PaperText] = {}
    unknown = []
    for reference in citations:
        if reference.label in known:
            papers.setdefault(known[reference.label].key, known[reference.label])
        elif reference.title:
            key = reference.key or reference.title
            papers.setdefault(key, UnknownPaper(key, reference.title, reference.abstract, reference.authors))
        else:
            unknown.append(reference.label)
    found = list(papers.values())
    return replace(_suggestion_for(found), unknown=tuple(unknown), is_full=is_full)


def suggest_like(paper: Paper) -> Suggestion:
    """Return filters that bring papers like `paper`."""
    return _suggestion_for([paper])


def as_filter_words(chosen: Sequence[str]) -> str:
    """Return the ticked phrases and authors in the query language, for the form."""
    return ", ".join(dict.fromkeys(chosen))


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
    without_authors = (reference for reference in citations if reference.label not in found and not reference.authors)
    by_title = {reference.label: _paper_with_title(reference.title) for reference in without_authors if reference.title}
    return found | {label: paper for label, paper in by_title.items() if paper}


def _paper_with_title(title: str) -> Paper | None:
    """Return the only paper with this title, or None if there is none or several."""
    candidates = fulltext.find(search_terms.phrase(title, "row", "title"), without=[], limit=MAX_CANDIDATES)
    same = [paper for paper in Paper.objects.filter(pk__in=candidates) if key_of(paper.title) == key_of(title)]
    return same[0] if len(same) == 1 else None


def _suggestion_for(papers: Sequence[PaperText]) -> Suggestion:
    topics = _topic_offers(papers)
    covered = {key_of(phrase) for topic, _ in topics for phrase in (topic.name, *topic.phrases)}
    words = [offer for offer in _phrase_offers(papers) if key_of(offer.name) not in covered]
    offers = _tick_first([offer for _, offer in topics], len(papers))
    return Suggestion(
        tuple(papers), (), offers, (*_tick_first(words[:MAX_PHRASES], len(papers), least=2), *_author_offers(papers))
    )


def _tick_first(offers: Sequence[SuggestedFilter], papers: int, least: int = 1) -> tuple[SuggestedFilter, ...]:
    """Return `offers` with up to MAX_TICKED ticked: the first that half of all papers share, and at least `least`."""
    min_papers = max(min(least, papers), TICKED * papers)
    shared = [offer for offer in offers if len(offer.papers) >= min_papers][:MAX_TICKED]
    return tuple(replace(offer, is_ticked=offer in shared) for offer in offers)


def _topic_offers(papers: Sequence[PaperText]) -> list[tuple[Topic, SuggestedFilter]]:
    """Return the topics that match any of `papers`, highest total score first, without broader topics."""
    index, found = paper_index.build_index(papers, for_page=True), []
    for topic in Topic.objects.filter(is_offered=True, narrower=[]):
        findings = index.findings(profiles.of_topic(topic))
        matched = tuple(papers[number] for number in sorted(findings, key=lambda number: -findings[number].score))
        if matched:
            offer = SuggestedFilter(topic.slug, topic.name, matched, description=topic.description)
            found.append((sum(finding.score for finding in findings.values()), topic, offer))
    found.sort(key=lambda row: -row[0])
    return [(topic, offer) for _, topic, offer in found[:MAX_TOPICS]]


def _phrase_offers(papers: Sequence[PaperText]) -> list[SuggestedFilter]:
    """Return keyphrases of `papers` that at least two papers contain, because a unique phrase would bring nothing."""
    found = keyphrases.keyphrases_of(papers, index_cache.last().rarity, 3 * MAX_PHRASES)
    return [
        SuggestedFilter(
            write(Criteria(phrases=(phrase.phrase,))),
            phrase.phrase,
            tuple(papers[number] for number in phrase.papers),
        )
        for phrase in found
        if _is_specific(phrase.phrase) and (len(phrase.papers) > 1 or _occurs_elsewhere(phrase, papers))
    ]


def _is_specific(phrase: str) -> bool:
    """Return whether a phrase is specific: several words, or an abbreviation. A word like “behavior” is not."""
    return " " in phrase or ("-" not in phrase and sum(map(str.isupper, phrase)) > 1)


def _occurs_elsewhere(phrase: Keyphrase, papers: Sequence[PaperText]) -> bool:
    own = {paper.pk for paper in papers if isinstance(paper, Paper)}
    found = fulltext.find(search_terms.phrase(phrase.phrase, "row", "text"), without=[], limit=len(own) + 1)
    return bool(set(found) - own)


def _author_offers(papers: Sequence[PaperText]) -> list[SuggestedFilter]:
    """Return the authors of more than one of `papers`."""
    counts = Counter(name for paper in papers for name in dict.fromkeys(paper.authors))
    return [
        SuggestedFilter(
            write(Criteria(authors=(name,))),
            name,
            tuple(paper for paper in papers if name in paper.authors),
        )
        for name, count in counts.most_common(MAX_AUTHORS)
        if count > 1
    ]
