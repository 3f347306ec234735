"""A day's papers, indexed by phrase, word, author, category and embedding. Pure."""

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

MOST_SAID = 100_000  # values in cached evidence; each entry holds one for every paper, so a long day caches fewer


class PhraseMatch(NamedTuple):
    """The papers that contain a phrase word for word, with its position in each."""

    standings: dict[int, PhrasePosition]  # by paper number
    rarity: float = 0.0  # inverse document frequency
    common: float = 0.0  # subtracted from the log-odds, because a phrase in many papers says little


class TextEvidence(NamedTuple):
    """The evidence that a name or a sentence gives for each paper."""

    odds: Values  # log-odds
    usual: float  # log-odds of a paper without any evidence
    covered: Values  # share of the text's words that the paper covers, 0…1
    topics: Values  # how much the paper is about the topics of the text, 0…1
    close: Vectors | None  # similarity of the embeddings, in standard deviations


NOWHERE = PhraseMatch({})


class Corpus:
    """The papers of a day. `meaning` and `thesaurus` are None if there are no embeddings or no catalogue."""

    def __init__(
        self, papers: Iterable[PaperText], meaning: EmbeddingSpace | None = None, thesaurus: Thesaurus | None = None
    ) -> None:
        self.papers: list[PaperText] = list(papers)
        self.meaning = meaning
        self.thesaurus = thesaurus
        self.texts = PhraseIndex(self.papers)
        self.none: Values = np.zeros(len(self.papers))
        self.none.flags.writeable = False
        self.on_topic: dict[Interest, Values] = {}  # probability that each paper is about a topic of the catalogue
        # The reasons of single phrases and names, because many readers' filters share them.
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
        """Return whether `phrase` occurs in a paper or names a topic. Most phrases that readers type do neither."""
        key = key_of(phrase)
        if self.texts.may_hold(key) and self.row(phrase).standings:
            return True
        return self.thesaurus is not None and self.thesaurus.holds(key)

    def row(self, phrase: str) -> PhraseMatch:
        """Return the papers that contain `phrase` word for word."""
        found = self._rows.get(phrase)
        if found is None:
            standings = self.texts.standings(phrase) if self.texts.may_hold(key_of(phrase)) else None
            if not standings:
                return NOWHERE  # not cached: the index answers this as fast as the cache would
            found = self._rows.keep(phrase, self._row(standings))
        return found

    def vector(self, text: str) -> Vectors | None:
        """Return the embedding of `text`, or None if it is not known."""
        return self.meaning.vector(text) if self.meaning else None

    def closeness(self, text: str) -> Vectors | None:
        """Return each paper's similarity to `text` in standard deviations, or None if an embedding is missing."""
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
