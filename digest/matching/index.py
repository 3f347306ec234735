"""A day's papers and what was asked of them. Pure.

The papers are the index and the filters are the queries. A filter is scored once for the day, however many readers
follow it; a topic's answers are kept, and the last few thousand of readers' own filters.
"""

from collections.abc import Iterable
from functools import cached_property, partial
from typing import NamedTuple

from digest.matching.cache import MANY, BoundedCache
from digest.matching.corpus import Corpus
from digest.matching.explanation import explain
from digest.matching.scoring import can_find, probabilities
from digest.matching.scoring_weights import BALANCED, LEAST, odds
from digest.matching.similarity import EmbeddingSpace
from digest.matching.thesaurus import Thesaurus
from digest.matching.types import Finding, Interest, Match, PaperText, Reason
from subscriptions.query.grammar import Criteria


class InterestFindings:
    """What one interest found in papers: made when it is first shown, and the same objects for all who ask for it."""

    __slots__ = ("_day", "_findings", "_interest", "_least", "_matches")

    def __init__(self, day: Corpus, interest: Interest, least: float) -> None:
        self._day = day
        self._interest = interest
        self._least = least  # how likely a paper must be wanted; to what is found for a topic that makes no difference
        self._findings: dict[int, Finding] = {}
        self._matches: dict[int, Match] = {}

    def finding(self, number: int, score: float) -> Finding:
        """What it found in the paper at `number`."""
        found = self._findings.get(number)
        if found is None:
            why = partial(explain, self._day, self._interest, number, self._least)
            found = self._findings[number] = Finding(self._interest.label, score, why)
        return found

    def match(self, number: int, score: float) -> Match:
        """The paper at `number`, chosen for nothing else."""
        found = self._matches.get(number)
        if found is None:
            findings = (self.finding(number, score),)
            found = self._matches[number] = Match(self._day.papers[number], score, findings)
        return found


class Answer(NamedTuple):
    """The papers that an interest asks for."""

    scores: dict[int, float]  # how likely each is wanted, by its place in the day; the best first
    found: InterestFindings

    def without(self, excluded: frozenset[int]) -> "Answer":
        """The same, but for the papers at these places."""
        left = {number: score for number, score in self.scores.items() if number not in excluded}
        return Answer(left, self.found)


class Index:
    """A day's papers, ready to be asked; `meaning` and `thesaurus` where vectors and the catalogue are at hand."""

    def __init__(
        self, papers: Iterable[PaperText], meaning: EmbeddingSpace | None = None, thesaurus: Thesaurus | None = None
    ) -> None:
        self.day = Corpus(papers, meaning, thesaurus)
        self.papers = self.day.papers
        self._voted: dict[int, Match] = {}
        self._nothing = Answer({}, InterestFindings(self.day, Interest("", Criteria()), 0.0))
        self._by_topics: BoundedCache[tuple[object, ...], Answer] = BoundedCache()
        self._found_by_topics: BoundedCache[Interest, InterestFindings] = (
            BoundedCache()
        )  # however sure a reader wants it
        self._by_phrase: BoundedCache[tuple[object, ...], Answer] = BoundedCache(
            MANY
        )  # of one or two words, asked for by many
        self._by_own: BoundedCache[tuple[object, ...], Answer] = BoundedCache()  # of all else, which few type alike

    @cached_property
    def by_votes(self) -> list[int]:
        """The places of the papers, the most voted first; pins and the edition's order break ties."""
        return sorted(range(len(self.papers)), key=lambda number: -self.papers[number].votes)

    def answer(self, interest: Interest, amount: str = BALANCED) -> Answer:
        """The papers that `interest` asks for, as sure as `amount` wants it: fewer, balanced, more."""
        if interest.about:
            kept = self._by_topics
        elif interest.criteria.is_of_phrases:
            return self._answer_narrowed(interest, amount)
        else:
            kept = self._by_own
        found = kept.get((interest, amount))
        return kept.keep((interest, amount), self._answer(interest, amount)) if found is None else found

    def findings(self, interest: Interest, amount: str = BALANCED) -> dict[int, Finding]:
        """For each paper (by its place in `papers`) that `interest` asks for, the best first: what it found."""
        answer = self.answer(interest, amount)
        return {number: answer.found.finding(number, score) for number, score in answer.scores.items()}

    def voted(self, number: int) -> Match:
        """The paper at `number`, chosen for nothing but its votes; the same object whenever it is asked for."""
        found = self._voted.get(number)
        if found is None:
            paper = self.papers[number]
            finding = Finding("", paper.votes, (Reason("", "votes", str(paper.votes), "votes", 0),))
            found = self._voted[number] = Match(paper, paper.votes, (finding,))
        return found

    @cached_property
    def trending(self) -> list[Match]:
        """All papers that have votes, the most voted first."""
        return [self.voted(number) for number in self.by_votes if self.papers[number].votes]

    def rank(self, interest: Interest) -> list[tuple[float, int]]:
        """All papers with anything of `interest` in them, best first, however unlikely, as (probability, place)."""
        return _ranked(probabilities(self.day, interest, 0.0))

    def with_any(self, phrases: Iterable[str]) -> frozenset[int]:
        """The places of the papers that hold any of `phrases`."""
        return frozenset().union(*(self.day.row(phrase).standings for phrase in phrases))

    def _answer_narrowed(self, interest: Interest, amount: str) -> Answer:
        """Most of what a million readers type finds nothing; what is left of it is asked by many."""
        asked, least = interest.criteria, odds(LEAST[amount])
        phrases = tuple([phrase for phrase in asked.phrases if can_find(self.day, phrase, least)])
        quoted = tuple([phrase for phrase in asked.quoted if self.day.knows(phrase)])
        if not phrases and not quoted:
            return self._nothing
        is_short = len(phrases) + len(quoted) == 1 and (phrases or quoted)[0].count(" ") < 2
        kept = self._by_phrase if is_short else self._by_own
        key = (interest.label, interest.by_hand, phrases, quoted, amount)
        found = kept.get(key)
        if found is None:
            narrowed = Interest(interest.label, Criteria(phrases, quoted=quoted), by_hand=interest.by_hand)
            found = kept.keep(key, self._answer(narrowed, amount))
        return found

    def _answer(self, interest: Interest, amount: str) -> Answer:
        least = LEAST[amount]
        scores = probabilities(self.day, interest, least)
        if not scores:
            return self._nothing
        found = self._found_by_topics.get(interest) or InterestFindings(self.day, interest, least)
        if interest.about:
            self._found_by_topics.keep(interest, found)
        return Answer({number: score for score, number in _ranked(scores)}, found)


def _ranked(scores: dict[int, float]) -> list[tuple[float, int]]:
    # Papers come ranked by votes: where two match equally well, the more voted one stands first.
    return [(-negative, number) for negative, number in sorted([(-score, number) for number, score in scores.items()])]
