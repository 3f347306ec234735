"""A day's papers, indexed by phrase, word, author, category and embedding. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

import numpy as np

from digest.matching import bm25, scoring_weights
from digest.matching.authors import AuthorIndex, CategoryIndex
from digest.matching.bm25 import NO_COUNTS, Bm25Index, Values, WordCounts
from digest.matching.cache import MAX_ENTRIES, MAX_SMALL_ENTRIES, BoundedCache
from digest.matching.expansion import Expansion
from digest.matching.phrase_index import PhraseIndex, PhrasePosition
from digest.matching.similarity import EmbeddingSpace, Vectors
from digest.matching.thesaurus import NamedTopics, Thesaurus
from digest.matching.tokens import key_of
from digest.matching.topic_terms import TermOverlap
from digest.matching.types import Assessments, Interest, PaperText, Reason

MAX_CACHED_EVIDENCE = 400_000  # values in cached evidence; an entry has one for each paper, so a long day caches fewer


AskedText = tuple[str, tuple[str, ...]]  # a text, and the words to ignore


class EarlierPapers(NamedTuple):
    """The archive: how usual words are, and the expansions of texts without their ignored words, if they are known."""

    words: WordCounts = NO_COUNTS
    expansions: Callable[[Sequence[AskedText]], Sequence[Expansion | None]] = lambda texts: [None] * len(texts)


NO_EARLIER_PAPERS = EarlierPapers()


class PhraseMatch(NamedTuple):
    """The papers that contain a phrase word for word, with its position in each."""

    positions: dict[int, PhrasePosition]  # by paper number
    rarity: float = 0.0  # inverse document frequency
    penalty: float = 0.0  # subtracted from the log-odds, because a phrase in many papers says little


class TextFeatures(NamedTuple):
    """The evidence of each kind that papers give for a name or a sentence, before it is weighed."""

    words: Values  # BM25 score for the text
    closeness: Vectors | None  # similarity of the embeddings, in standard deviations
    topics: NamedTopics  # that the text is about
    expansion_words: Values | None  # words of the text's expansion, in standard deviations
    expansion_closeness: Vectors | None  # similarity to the embedding of the text's expansion, in standard deviations


class TextEvidence(NamedTuple):
    """The evidence that a name or a sentence gives for each paper."""

    odds: Values  # log-odds
    intercept: float  # log-odds of a paper without any evidence
    on_topics: Values  # how much the paper is about the topics of the text, 0…1
    features: TextFeatures


NO_MATCH = PhraseMatch({})


class Corpus:
    """The papers of a day, with an `embedding_space` if there are embeddings, and the catalogue as `thesaurus`.

    `earlier` is what the archive says about words and texts.
    """

    def __init__(
        self,
        papers: Iterable[PaperText],
        embedding_space: EmbeddingSpace | None = None,
        thesaurus: Thesaurus | None = None,
        assessments: Assessments | None = None,
        earlier: EarlierPapers = NO_EARLIER_PAPERS,
    ) -> None:
        self.papers: list[PaperText] = list(papers)
        self.assessments: Assessments = assessments or {}
        self.earlier = earlier
        self.embedding_space = embedding_space
        self.thesaurus = thesaurus
        self.phrase_index = PhraseIndex(self.papers)
        self.zeros: Values = np.zeros(len(self.papers))
        self.zeros.flags.writeable = False
        # By topic of the catalogue, with and without assessments.
        self.topic_probabilities: dict[tuple[Interest, bool], Values] = {}
        # The reasons of single phrases and names, because many readers' filters share them.
        self.reasons: BoundedCache[tuple[object, ...], tuple[Reason, ...]] = BoundedCache(MAX_SMALL_ENTRIES)
        self.evidence: BoundedCache[tuple[object, ...], TextEvidence] = BoundedCache(
            min(MAX_ENTRIES, MAX_CACHED_EVIDENCE // (len(self.papers) + 1))
        )
        self._rarities: dict[int, tuple[float, float]] = {}  # of phrases, by the number of papers that contain them
        self._phrase_matches: BoundedCache[str, PhraseMatch] = BoundedCache(MAX_SMALL_ENTRIES)

    def with_assessments(self, assessments: Assessments) -> "Corpus":
        """Return a corpus of the same papers with other assessments."""
        corpus = copy(self)
        corpus.assessments = assessments
        known = self.topic_probabilities.items()
        corpus.topic_probabilities = {key: values for key, values in known if not key[1]}
        return corpus

    def with_thesaurus(self, thesaurus: Thesaurus | None) -> "Corpus":
        """Return a corpus of the same papers with another catalogue."""
        corpus = copy(self)
        corpus.bm25_index, corpus.thesaurus = self.bm25_index, thesaurus
        corpus.__dict__.pop("term_overlap", None)
        corpus._forget()
        return corpus

    def with_expansions(self, earlier: EarlierPapers) -> "Corpus":
        """Return a corpus of the same papers and word counts that looks expansions up in `earlier`."""
        corpus = copy(self)
        corpus.earlier = self.earlier._replace(expansions=earlier.expansions)
        corpus._forget()
        return corpus

    def _forget(self) -> None:
        """Drop what was computed with another catalogue or other expansions."""
        self.topic_probabilities, self.reasons = {}, BoundedCache(MAX_SMALL_ENTRIES)
        self.evidence = BoundedCache(min(MAX_ENTRIES, MAX_CACHED_EVIDENCE // (len(self.papers) + 1)))

    @cached_property
    def bm25_index(self) -> Bm25Index:
        return Bm25Index(self.papers, self.earlier.words)

    @cached_property
    def term_overlap(self) -> TermOverlap | None:
        return TermOverlap(self.bm25_index, self.thesaurus.topic_terms) if self.thesaurus else None

    @cached_property
    def authors(self) -> AuthorIndex:
        return AuthorIndex(self.papers)

    @cached_property
    def categories(self) -> CategoryIndex:
        return CategoryIndex(self.papers)

    def knows(self, phrase: str) -> bool:
        """Return whether `phrase` occurs in a paper or names a topic. Most phrases that readers type do neither."""
        key = key_of(phrase)
        if self.phrase_index.may_hold(key) and self.phrase_match(phrase).positions:
            return True
        return self.thesaurus is not None and self.thesaurus.contains(key)

    def phrase_match(self, phrase: str) -> PhraseMatch:
        """Return the papers that contain `phrase` word for word."""
        found = self._phrase_matches.get(phrase)
        if found is None:
            key = key_of(phrase)
            positions = self.phrase_index.positions(phrase, key) if self.phrase_index.may_hold(key) else None
            if not positions:
                return NO_MATCH  # not cached: the index answers this as fast as the cache would
            found = self._phrase_matches.put(phrase, self._make_phrase_match(positions))
        return found

    def assessments_of(self, interest: Interest) -> dict[int, bool]:
        """Return whether papers fit `interest`, as a language model assessed them, by paper number."""
        if not self.assessments or not interest.is_assessed:
            return {}
        fits = self.assessments.get(interest.assessment_key, {})
        return {number: fits[paper.key] for number, paper in enumerate(self.papers) if paper.key in fits}

    def vectors(self, texts: Sequence[str]) -> Sequence[Vectors | None]:
        """Return the embedding of each text, or None if it is not known."""
        return self.embedding_space.vectors(texts) if self.embedding_space else [None] * len(texts)

    def vector(self, text: str) -> Vectors | None:
        """Return the embedding of `text`, or None if it is not known."""
        return self.vectors([text])[0]

    def closeness(self, text: str) -> Vectors | None:
        """Return each paper's similarity to a topic's profile in standard deviations, or None without its embedding."""
        vector = self.vector(text)
        return None if vector is None or self.embedding_space is None else self.embedding_space.closeness(vector)

    def topic_closeness(self, topic: Interest) -> Vectors | None:
        """Return each paper's similarity to a topic: to its example papers if it has any, else to its profile."""
        if topic.vector is None:
            return self.closeness(topic.profile)
        if not topic.vector or self.embedding_space is None:
            return None
        return self.embedding_space.closeness(np.frombuffer(topic.vector, np.float16).astype(np.float32))

    def topic_expansion(self, topic: Interest) -> Expansion | None:
        """Return the expansion of a topic's name and sentence, or None if it is not known."""
        return self.earlier.expansions([(topic.about, ())])[0]

    def _make_phrase_match(self, positions: dict[int, PhrasePosition]) -> PhraseMatch:
        matching = len(positions)
        if matching not in self._rarities:
            self._rarities[matching] = self._rarity_and_penalty(matching)
        return PhraseMatch(positions, *self._rarities[matching])

    def _rarity_and_penalty(self, matching: int) -> tuple[float, float]:
        """Return the rarity of a phrase that `matching` papers contain, and what is subtracted if it is common."""
        count = matching + bm25.PRIOR_PAPERS * bm25.PRIOR_SHARE_OF_OTHERS
        rarity = math.log((len(self.papers) + bm25.PRIOR_PAPERS) / count)
        too_common = max(0.0, -math.log(scoring_weights.COMMON_SHARE) - rarity)
        return rarity, scoring_weights.COMMON_WEIGHT * too_common
