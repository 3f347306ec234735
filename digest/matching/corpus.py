"""A day's papers, ready to be searched by phrase, word, author, category and meaning. Pure."""

import math
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from digest.matching import bm25, scoring_weights
from digest.matching.authors import AuthorIndex, CategoryIndex
from digest.matching.bm25 import Bm25Index, Values
from digest.matching.cache import MANY, MOST, BoundedCache
from digest.matching.phrase_index import PhraseIndex, PhrasePosition
from digest.matching.similarity import EmbeddingSpace, Vectors
from digest.matching.thesaurus import Thesaurus
from digest.matching.tokens import key_of
from digest.matching.topic_terms import TermOverlap
from digest.matching.types import Interest, PaperText, Reason

MOST_SAID = 100_000  # papers that names and sentences say something for: of a long day fewer can be kept


class PhraseMatch(NamedTuple):
    """Where the words of a phrase stand in a row: how they stand in the papers that hold them."""

    standings: dict[int, PhrasePosition]  # by the place of the paper
    rarity: float = 0.0  # the logarithm of one in how many papers holds it
    common: float = 0.0  # what is taken off the odds where it stands in many papers, and so tells little


class TextEvidence(NamedTuple):
    """What a name or a sentence says for each paper."""

    odds: Values
    usual: float  # the odds where it says nothing
    covered: Values  # of its words, 0…1
    topics: Values  # how much the paper is on the topics that it speaks of, 0…1
    close: Vectors | None  # in meaning, in standard deviations


NOWHERE = PhraseMatch({})


class Corpus:
    """The papers; `meaning` and `thesaurus` where vectors and the catalogue are at hand."""

    def __init__(
        self, papers: Iterable[PaperText], meaning: EmbeddingSpace | None = None, thesaurus: Thesaurus | None = None
    ) -> None:
        self.papers: list[PaperText] = list(papers)
        self.meaning = meaning
        self.thesaurus = thesaurus
        self.texts = PhraseIndex(self.papers)
        self.none: Values = np.zeros(len(self.papers))  # of whatever is said for papers
        self.none.flags.writeable = False
        self.on_topic: dict[Interest, Values] = {}  # for topics of the catalogue, how likely papers are about them
        # Why phrases and names found a paper: the same, however many readers ask for them beside others.
        self.reasons: BoundedCache[tuple[object, ...], tuple[Reason, ...]] = BoundedCache(MANY)
        self.said: BoundedCache[tuple[str, str], TextEvidence] = BoundedCache(
            min(MOST, MOST_SAID // (len(self.papers) + 1))
        )
        self._rows: BoundedCache[str, PhraseMatch] = BoundedCache(MANY)

    @cached_property
    def coverage(self) -> Bm25Index:
        return Bm25Index(self.papers)

    @cached_property
    def wording(self) -> TermOverlap | None:
        return TermOverlap(self.coverage, self.thesaurus.vocabulary) if self.thesaurus else None

    @cached_property
    def people(self) -> AuthorIndex:
        return AuthorIndex(self.papers)

    @cached_property
    def categories(self) -> CategoryIndex:
        return CategoryIndex(self.papers)

    def knows(self, phrase: str) -> bool:
        """Whether `phrase` stands in a paper, or is the name of a topic: most that is typed is neither."""
        key = key_of(phrase)
        if self.texts.may_hold(key) and self.row(phrase).standings:
            return True
        return self.thesaurus is not None and self.thesaurus.holds(key)

    def row(self, phrase: str) -> PhraseMatch:
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

    def _row(self, standings: dict[int, PhrasePosition]) -> PhraseMatch:
        holding = len(standings) + bm25.BEFOREHAND * bm25.SHARE_OF_OTHERS
        rarity = math.log((len(self.papers) + bm25.BEFOREHAND) / holding)
        return PhraseMatch(
            standings,
            rarity,
            scoring_weights.COMMON_WEIGHT * max(0.0, -math.log(scoring_weights.COMMON_SHARE) - rarity),
        )
