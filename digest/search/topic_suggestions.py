"""Suggestions of topics, phrases and authors to follow, each with the papers that led to it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from digest.matching import PaperText
from digest.matching.tokens import key_of
from digest.models import Paper
from digest.personalization import paper_index, profiles
from digest.search import fulltext, index_cache, keyphrases
from digest.search.fulltext import search_terms
from digest.search.keyphrases import Keyphrase
from subscriptions.models import Topic
from subscriptions.query.grammar import Criteria, write

MAX_READ = 50  # papers that topics and phrases are suggested from; the cost of a page grows with them
MAX_SUGGESTED_TOPICS = 12
MAX_PHRASES = 12
MAX_AUTHORS = 6
MAX_TICKED = 3  # topics, and phrases, that are ticked beforehand
TICKED = 0.25  # minimum share of the papers for a suggestion to be ticked beforehand


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
    """The filters that suit some papers."""

    topics: tuple[SuggestedFilter, ...] = ()
    words: tuple[SuggestedFilter, ...] = ()  # phrases and authors

    @property
    def ticked_topics(self) -> list[str]:
        return [offer.value for offer in self.topics if offer.is_ticked]

    @property
    def ticked_words(self) -> list[str]:
        return [offer.value for offer in self.words if offer.is_ticked]


def suggest(papers: Sequence[PaperText]) -> Suggestion:
    """Return filters that bring papers like these. Topics and phrases come from at most MAX_READ of them."""
    everything, papers = papers, _spread(papers)
    topics = _topic_offers(papers)
    covered = {key_of(phrase) for topic, _ in topics for phrase in (topic.name, *topic.phrases)}
    words = list(islice(_phrase_offers(papers, covered), MAX_PHRASES))
    offers = _tick_first([offer for _, offer in topics], len(papers))
    return Suggestion(offers, (*_tick_first(words, len(papers), least=2), *_author_offers(everything)))


def with_ticks(suggestion: Suggestion, topics: Collection[str], words: Collection[str]) -> Suggestion:
    """Return the suggestion with exactly these topics and words ticked."""
    return Suggestion(
        tuple(replace(offer, is_ticked=offer.value in topics) for offer in suggestion.topics),
        tuple(replace(offer, is_ticked=offer.value in words) for offer in suggestion.words),
    )


def without(suggestion: Suggestion, followed: Collection[tuple[str, str]]) -> Suggestion:
    """Return the suggestion without what is followed already, given as kinds and values in lower case."""
    values = {value for _kind, value in followed}
    topics = tuple(offer for offer in suggestion.topics if offer.value.casefold() not in values)
    return Suggestion(topics, tuple(offer for offer in suggestion.words if offer.name.casefold() not in values))


def as_filter_words(chosen: Sequence[str]) -> str:
    """Return the ticked phrases and authors in the query language, for the form."""
    return ", ".join(dict.fromkeys(chosen))


def _spread(papers: Sequence[PaperText]) -> Sequence[PaperText]:
    """Return at most MAX_READ of `papers`, evenly spread over them."""
    if len(papers) <= MAX_READ:
        return papers
    return [papers[place * len(papers) // MAX_READ] for place in range(MAX_READ)]


def _tick_first(offers: Sequence[SuggestedFilter], papers: int, least: int = 1) -> tuple[SuggestedFilter, ...]:
    """Return `offers` with up to MAX_TICKED ticked: the first that enough papers share, at least `least`."""
    min_papers = max(min(least, papers), TICKED * papers)
    shared = [offer for offer in offers if len(offer.papers) >= min_papers][:MAX_TICKED]
    return tuple(replace(offer, is_ticked=offer in shared) for offer in offers)


def _topic_offers(papers: Sequence[PaperText]) -> list[tuple[Topic, SuggestedFilter]]:
    """Return the topics that match any of `papers`, highest total score first, without broader topics."""
    index, found = paper_index.build_index(papers, for_page=True), []
    index.locate_topic_phrases()
    for topic in Topic.objects.filter(is_offered=True, narrower=[]):
        findings = index.findings(profiles.of_topic(topic))
        matched = tuple(papers[number] for number in sorted(findings, key=lambda number: -findings[number].score))
        if matched:
            offer = SuggestedFilter(topic.slug, topic.name, matched, description=topic.description)
            found.append((sum(finding.score for finding in findings.values()), topic, offer))
    found.sort(key=lambda row: -row[0])
    return [(topic, offer) for _, topic, offer in found[:MAX_SUGGESTED_TOPICS]]


def _phrase_offers(papers: Sequence[PaperText], covered: Collection[str]) -> Iterator[SuggestedFilter]:
    """Yield keyphrases of `papers` that at least two papers contain, because a unique phrase would bring nothing.

    Leave out phrases that the suggested topics have already, given by their keys as `covered`.
    """
    for found in keyphrases.keyphrases_of(papers, index_cache.last().rarity, 3 * MAX_PHRASES):
        phrase = found.phrase
        if not _is_specific(phrase) or key_of(phrase) in covered:
            continue
        if len(found.papers) > 1 or _occurs_elsewhere(found, papers):
            containing = tuple(papers[number] for number in found.papers)
            yield SuggestedFilter(write(Criteria(phrases=(phrase,))), phrase, containing)


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
