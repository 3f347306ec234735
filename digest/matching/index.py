"""An index of a day's papers, with cached answers. Pure.

The papers are the index, and the filters are the queries. A filter is scored once a day, however many readers follow
it: the answers for topics and for the last few thousand of the readers' own filters are cached.
"""

from collections.abc import Iterable
from functools import cached_property, partial
from typing import NamedTuple, Protocol

from digest.matching.cache import MAX_SMALL_ENTRIES, BoundedCache
from digest.matching.corpus import NO_EARLIER_PAPERS, Corpus, EarlierPapers
from digest.matching.explanation import explain
from digest.matching.scoring import can_find, prepare, probabilities
from digest.matching.scoring_weights import BALANCED, BORDERLINE, THRESHOLDS, odds
from digest.matching.similarity import EmbeddingSpace
from digest.matching.text_questions import may_hold_texts
from digest.matching.thesaurus import Thesaurus
from digest.matching.types import Assessments, Finding, Interest, Match, PaperText, Reason
from subscriptions.query.grammar import Criteria


class InterestFindings:
    """The findings and matches of one interest, made on first use. Every caller gets the same objects."""

    __slots__ = ("_corpus", "_findings", "_interest", "_matches", "_threshold")

    def __init__(self, corpus: Corpus, interest: Interest, threshold: float) -> None:
        self._corpus = corpus
        self._interest = interest
        self._threshold = threshold  # minimum probability; it has no effect on a topic's reasons
        self._findings: dict[int, Finding] = {}
        self._matches: dict[int, Match] = {}

    def finding(self, number: int, score: float) -> Finding:
        """Return the finding of the interest in paper `number`."""
        found = self._findings.get(number)
        if found is None:
            reasons = partial(explain, self._corpus, self._interest, number, self._threshold)
            found = self._findings[number] = Finding(self._interest.label, score, reasons)
        return found

    def match(self, number: int, score: float) -> Match:
        """Return the match of paper `number` with this interest alone."""
        found = self._matches.get(number)
        if found is None:
            findings = (self.finding(number, score),)
            found = self._matches[number] = Match(self._corpus.papers[number], score, findings)
        return found


class Findings(Protocol):
    """The findings and matches of one filter, by paper number and score."""

    def finding(self, number: int, score: float) -> Finding: ...
    def match(self, number: int, score: float) -> Match: ...


class Answer(NamedTuple):
    """The papers that an interest matches."""

    scores: dict[int, float]  # probability that the reader wants the paper, by paper number; best first
    found: Findings

    def without(self, excluded: frozenset[int]) -> "Answer":
        """Return this answer without the papers in `excluded` (paper numbers)."""
        left = {number: score for number, score in self.scores.items() if number not in excluded}
        return Answer(left, self.found)


class Index:
    """An index of a day's papers. Without an `embedding_space` or a `thesaurus` it matches by words alone.

    `assessments` are those of a language model, if there are any.
    """

    def __init__(
        self,
        papers: Iterable[PaperText],
        embedding_space: EmbeddingSpace | None = None,
        thesaurus: Thesaurus | None = None,
        assessments: Assessments | None = None,
        earlier: EarlierPapers = NO_EARLIER_PAPERS,
    ) -> None:
        self.corpus = Corpus(papers, embedding_space, thesaurus, assessments, earlier)
        self.papers = self.corpus.papers
        self.waiting = 0  # papers that will be compared by meaning, and have no embedding yet
        self._voted: dict[int, Match] = {}
        self._empty = Answer({}, InterestFindings(self.corpus, Interest("", Criteria()), 0.0))
        self._topic_answers: BoundedCache[tuple[object, ...], Answer] = BoundedCache()
        # The findings of a topic are the same for every threshold.
        self._topic_findings: BoundedCache[Interest, InterestFindings] = BoundedCache()
        # Answers for a phrase of one or two words, shared by many readers.
        self._phrase_answers: BoundedCache[tuple[object, ...], Answer] = BoundedCache(MAX_SMALL_ENTRIES)
        # Answers for all other filters, which few readers share.
        self._own_answers: BoundedCache[tuple[object, ...], Answer] = BoundedCache()

    def with_assessments(self, assessments: Assessments) -> "Index":
        """Return an index of the same papers with other assessments."""
        return self._of(self.corpus.with_assessments(assessments))

    def with_thesaurus(self, thesaurus: Thesaurus | None) -> "Index":
        """Return an index of the same papers with another catalogue (used in evaluations)."""
        return self._of(self.corpus.with_thesaurus(thesaurus))

    def with_expansions(self, earlier: EarlierPapers) -> "Index":
        """Return an index of the same papers that looks expansions up in `earlier`."""
        return self._of(self.corpus.with_expansions(earlier))

    def _of(self, corpus: Corpus) -> "Index":
        index = Index(())
        index.corpus, index.papers, index.waiting = corpus, self.papers, self.waiting
        index._empty = Answer({}, InterestFindings(corpus, Interest("", Criteria()), 0.0))
        return index

    @cached_property
    def by_votes(self) -> list[int]:
        """The numbers of the papers, most votes first. Pins and the edition's order break ties."""
        return sorted(range(len(self.papers)), key=lambda number: -self.papers[number].votes)

    def answer(self, interest: Interest, amount: str = BALANCED) -> Answer:
        """Return the papers that `interest` matches at the threshold of `amount`: fewer, balanced or more."""
        if interest.about:
            cache = self._topic_answers
        elif interest.criteria.has_only_phrases and not self.corpus.assessments_of(interest):
            return self._answer_phrases(interest, amount)
        else:
            cache = self._own_answers
        found = cache.get((interest, amount))
        return cache.put((interest, amount), self._compute_answer(interest, amount)) if found is None else found

    def prepare(self, interests: Iterable[Interest], amount: str = BALANCED) -> None:
        """Compute at once what the answers for names and sentences in `interests` need. It changes no answer."""
        own = (interest.criteria for interest in interests if not interest.about or interest.by_hand)
        threshold = odds(THRESHOLDS[amount])
        prepare(self.corpus, (criteria for criteria in own if may_hold_texts(criteria, threshold)), threshold)

    def findings(self, interest: Interest, amount: str = BALANCED) -> dict[int, Finding]:
        """Return the finding for each paper that `interest` matches, by paper number, best first."""
        answer = self.answer(interest, amount)
        return {number: answer.found.finding(number, score) for number, score in answer.scores.items()}

    def voted(self, number: int) -> Match:
        """Return the match of paper `number` for its votes alone. Every call returns the same object."""
        found = self._voted.get(number)
        if found is None:
            paper = self.papers[number]
            finding = Finding("", paper.votes, (Reason("", "votes", str(paper.votes), "votes", 0),))
            found = self._voted[number] = Match(paper, paper.votes, (finding,))
        return found

    @cached_property
    def trending(self) -> list[Match]:
        """All papers that have votes, most votes first."""
        return [self.voted(number) for number in self.by_votes if self.papers[number].votes]

    def locate_topic_phrases(self) -> None:
        """Find the phrases of all topics in one pass. It pays if most topics are about to be scored, once."""
        if self.corpus.thesaurus:
            self.corpus.phrase_index.locate(self.corpus.thesaurus.phrase_keys)

    def rank(self, interest: Interest) -> list[tuple[float, int]]:
        """Return (probability, paper number) of each paper with any evidence for `interest`, best first."""
        return _ranked(probabilities(self.corpus, interest, 0.0))

    def borderline(self, interest: Interest) -> dict[int, float]:
        """Return the probability of each paper about which a language model's answer can change what readers get."""
        low, high = BORDERLINE
        return {number: p for number, p in probabilities(self.corpus, interest, low).items() if p <= high}

    def with_any(self, phrases: Iterable[str]) -> frozenset[int]:
        """Return the numbers of the papers that contain any of `phrases`."""
        return frozenset().union(*(self.corpus.phrase_match(phrase).positions for phrase in phrases))

    def _answer_phrases(self, interest: Interest, amount: str) -> Answer:
        """Return the answer for an interest of phrases alone, cached without the phrases that find nothing.

        Most phrases that readers type find nothing in a day. Many readers share the phrases that remain.
        """
        criteria, threshold = interest.criteria, odds(THRESHOLDS[amount])
        phrases = tuple([phrase for phrase in criteria.phrases if can_find(self.corpus, phrase, threshold)])
        quoted = tuple([phrase for phrase in criteria.quoted if self.corpus.knows(phrase)])
        if not phrases and not quoted:
            return self._empty
        is_short = len(phrases) + len(quoted) == 1 and (phrases or quoted)[0].count(" ") < 2
        cache = self._phrase_answers if is_short else self._own_answers
        key = (interest.label, interest.by_hand, phrases, quoted, amount)
        found = cache.get(key)
        if found is None:
            narrowed = Interest(interest.label, Criteria(phrases, quoted=quoted), by_hand=interest.by_hand)
            found = cache.put(key, self._compute_answer(narrowed, amount))
        return found

    def _compute_answer(self, interest: Interest, amount: str) -> Answer:
        threshold = THRESHOLDS[amount]
        scores = probabilities(self.corpus, interest, threshold)
        if not scores:
            return self._empty
        found = self._topic_findings.get(interest) or InterestFindings(self.corpus, interest, threshold)
        if interest.about:
            self._topic_findings.put(interest, found)
        return Answer({number: score for score, number in _ranked(scores)}, found)


def _ranked(scores: dict[int, float]) -> list[tuple[float, int]]:
    # Papers are numbered by votes, so the one with more votes comes first if two match equally well.
    return [(-negative, number) for negative, number in sorted([(-score, number) for number, score in scores.items()])]
