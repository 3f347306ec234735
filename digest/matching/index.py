"""A day's papers and what was asked of them. Pure.

The papers are the index and the filters are the queries. A filter is scored once for the day, however many readers
follow it; a topic's answers are kept, and the last few thousand of readers' own filters.
"""

from collections.abc import Iterable
from functools import cached_property, partial
from typing import NamedTuple

from digest.matching.day import Day
from digest.matching.explaining import explain
from digest.matching.findings import Finding, Interest, Match, PaperText, Reason
from digest.matching.judging import BALANCED, LEAST
from digest.matching.keeping import Kept
from digest.matching.meaning import Meaning
from digest.matching.scoring import probabilities
from digest.matching.thesaurus import Thesaurus


class Answer(NamedTuple):
    """The papers that an interest asks for, best first: how likely each is wanted, and its place in the day."""

    ranked: tuple[tuple[float, int], ...]
    scores: dict[int, float]  # by place


class Index:
    """A day's papers, ready to be asked; `meaning` and `thesaurus` where vectors and the catalogue are at hand."""

    def __init__(
        self, papers: Iterable[PaperText], meaning: Meaning | None = None, thesaurus: Thesaurus | None = None
    ) -> None:
        self.day = Day(papers, meaning, thesaurus)
        self.papers = self.day.papers
        self._voted: dict[int, Match] = {}
        self._topics: Kept[tuple[Interest, str], Answer] = Kept()
        self._own: Kept[tuple[Interest, str], Answer] = Kept()
        self._found_by_topics: Kept[tuple[Interest, int], Finding] = Kept(200_000)
        self._found: Kept[tuple[Interest, int], Finding] = Kept()

    @cached_property
    def by_votes(self) -> list[int]:
        """The places of the papers, the most voted first; pins and the edition's order break ties."""
        return sorted(range(len(self.papers)), key=lambda number: -self.papers[number].votes)

    def answer(self, interest: Interest, amount: str = BALANCED) -> Answer:
        """The papers that `interest` asks for, as sure as `amount` wants it: fewer, balanced, more."""
        kept = self._topics if interest.about else self._own
        found = kept.get((interest, amount))
        return kept.keep((interest, amount), self._answer(interest, amount)) if found is None else found

    def finding(self, interest: Interest, number: int, score: float) -> Finding:
        """What `interest` found in the paper at `number`; the same object whenever it is asked for."""
        kept = self._found_by_topics if interest.about else self._found
        found = kept.get((interest, number))
        if found is None:
            found = Finding(interest.label, score, partial(explain, self.day, interest, number))
            kept.keep((interest, number), found)
        return found

    def findings(self, interest: Interest, amount: str = BALANCED) -> dict[int, Finding]:
        """For each paper (by its place in `papers`) that `interest` asks for: what it found."""
        ranked = self.answer(interest, amount).ranked
        return {number: self.finding(interest, number, score) for score, number in ranked}

    def voted(self, number: int) -> Match:
        """The paper at `number`, chosen for nothing but its votes; the same object whenever it is asked for."""
        found = self._voted.get(number)
        if found is None:
            paper = self.papers[number]
            finding = Finding("", paper.votes, (Reason("", "votes", str(paper.votes), "votes", 0),))
            found = self._voted[number] = Match(paper, paper.votes, (finding,))
        return found

    def rank(self, interest: Interest) -> list[tuple[float, int]]:
        """All papers with anything of `interest` in them, best first, however unlikely, as (probability, place)."""
        return _ranked(probabilities(self.day, interest, 0.0))

    def with_any(self, phrases: Iterable[str]) -> frozenset[int]:
        """The places of the papers that hold any of `phrases`."""
        return frozenset(number for phrase in phrases for number in self.day.hits(phrase))

    def _answer(self, interest: Interest, amount: str) -> Answer:
        scores = probabilities(self.day, interest, LEAST[amount])
        return Answer(tuple(_ranked(scores)), scores)


def _ranked(scores: dict[int, float]) -> list[tuple[float, int]]:
    # Papers come ranked by votes: where two match equally well, the more voted one stands first.
    return sorted(((score, number) for number, score in scores.items()), key=lambda pair: (-pair[0], pair[1]))
