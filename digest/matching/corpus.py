"""A day's papers, ready to be searched by phrase, word, author, category and meaning. Pure."""

import math
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from digest.matching import bm25, scoring_weights
from digest.matching.authors import Categories, People
from digest.matching.bm25 import Coverage, Values
from digest.matching.cache import MANY, MOST, Kept
from digest.matching.phrase_index import Standing, Texts
from digest.matching.similarity import Meaning, Vectors
from digest.matching.thesaurus import Thesaurus
from digest.matching.tokens import key_of
from digest.matching.topic_terms import Wording
from digest.matching.types import Interest, PaperText, Reason

MOST_SAID = 100_000  # papers that names and sentences say something for: of a long day fewer can be kept


class Row(NamedTuple):
    """Where the words of a phrase stand in a row: how they stand in the papers that hold them."""

    standings: dict[int, Standing]  # by the place of the paper
    rarity: float = 0.0  # the logarithm of one in how many papers holds it
    common: float = 0.0  # what is taken off the odds where it stands in many papers, and so tells little


class Said(NamedTuple):
    """What a name or a sentence says for each paper."""

    odds: Values
    usual: float  # the odds where it says nothing
    covered: Values  # of its words, 0…1
    topics: Values  # how much the paper is on the topics that it speaks of, 0…1
    close: Vectors | None  # in meaning, in standard deviations


NOWHERE = Row({})


class Day:
    """The papers; `meaning` and `thesaurus` where vectors and the catalogue are at hand."""

    def __init__(
        self, papers: Iterable[PaperText], meaning: Meaning | None = None, thesaurus: Thesaurus | None = None
    ) -> None:
        self.papers: list[PaperText] = list(papers)
        self.meaning = meaning
        self.thesaurus = thesaurus
        self.texts = Texts(self.papers)
        self.none: Values = np.zeros(len(self.papers))  # of whatever is said for papers
        self.none.flags.writeable = False
        self.on_topic: dict[Interest, Values] = {}  # for topics of the catalogue, how likely papers are about them
        # Why phrases and names found a paper: the same, however many readers ask for them beside others.
        self.reasons: Kept[tuple[object, ...], tuple[Reason, ...]] = Kept(MANY)
        self.said: Kept[tuple[str, str], Said] = Kept(min(MOST, MOST_SAID // (len(self.papers) + 1)))
        self._rows: Kept[str, Row] = Kept(MANY)

    @cached_property
    def coverage(self) -> Coverage:
        return Coverage(self.papers)

    @cached_property
    def wording(self) -> Wording | None:
        return Wording(self.coverage, self.thesaurus.vocabulary) if self.thesaurus else None

    @cached_property
    def people(self) -> People:
        return People(self.papers)

    @cached_property
    def categories(self) -> Categories:
        return Categories(self.papers)

    def knows(self, phrase: str) -> bool:
        """Whether `phrase` stands in a paper, or is the name of a topic: most that is typed is neither."""
        key = key_of(phrase)
        if self.texts.may_hold(key) and self.row(phrase).standings:
            return True
        return self.thesaurus is not None and self.thesaurus.holds(key)

    def row(self, phrase: str) -> Row:
        """Where `phrase` stands in a row."""
        found = self._rows.get(phrase)
        if found is None:
            standings = self.texts.standings(phrase) if self.texts.may_hold(key_of(phrase)) else None
            if not standings:
                return NOWHERE  # looked up as fast as it would be remembered
            found = self._rows.keep(phrase, self._row(standings))
        return found

    def vector(self, text: str) -> Vectors | None:
        """None where the vectors are not at hand."""
        return self.meaning.vector(text) if self.meaning else None

    def closeness(self, text: str) -> Vectors | None:
        """For each paper how close in meaning it is to `text`; None where the vectors are not at hand."""
        vector = self.vector(text)
        return None if vector is None or self.meaning is None else self.meaning.closeness(vector)

    def _row(self, standings: dict[int, Standing]) -> Row:
        holding = len(standings) + bm25.BEFOREHAND * bm25.SHARE_OF_OTHERS
        rarity = math.log((len(self.papers) + bm25.BEFOREHAND) / holding)
        return Row(
            standings,
            rarity,
            scoring_weights.COMMON_WEIGHT * max(0.0, -math.log(scoring_weights.COMMON_SHARE) - rarity),
        )
