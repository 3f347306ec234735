"""The catalogue as a thesaurus: query expansion from names and sentences to topics. Pure.

"Making a small model learn from a bigger one" is close to the topic Knowledge distillation. A reader who writes this
probably wants papers about that topic, even those that only say "teacher" and "student". "Quantization, pruning and
token compression" names two topics. A reader who writes this would tick the broader topic that includes both.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from digest.matching.bm25 import Bm25Index, Values
from digest.matching.similarity import Vectors
from digest.matching.tokens import key_of
from digest.matching.topic_terms import TopicTerms
from digest.matching.types import Interest

# The similarity of a text and a topic is the coverage of the text's words plus the cosine similarity of the
# embeddings. Below the first threshold the topic is unrelated; from the second on its weight is full.
SIMILARITY_RANGE = (0.4, 1.0)
COVERAGE_FACTOR = 3  # factor for coverage if there are no embeddings
NAME_BONUS = 0.5  # bonus if the text is the topic's name or one of its phrases
# Minimum correlation of a name's and a sentence's similarities to all topics. Nearly all pairs from one interest reach
# it, and three in ten pairs from different interests.
MIN_CORRELATION = 0.05
MIN_PART_COVERAGE = 0.35  # minimum coverage of a part of a name for a topic to count as named by it
MAX_GAP = 0.3  # the topic that is named first may be this much less similar to the whole text than the nearest one
SHARPNESS = 20.0  # of the softmax over similarities: how much more the nearest topic counts than the next
MIN_WEIGHT_SHARE = 0.05  # share of the nearest topic's weight below which a topic is dropped

# Separators between the parts of a name such as “Quantization, pruning and token compression”.
PART_SEPARATOR = re.compile(r"\s*[,;:/&]\s*|\s+(?:and|or|und|oder)\s+", re.IGNORECASE)

Weights = Sequence[tuple[int, float]]
NamedText = tuple[str, str, Vectors | None]  # a name, or else the text; the text; its embedding


class NamedTopics(NamedTuple):
    """The topics that a text is about."""

    weights: Weights  # the numbers of the topics with their weights, a sum of at most 1
    similarity: float  # of the nearest one


NO_TOPICS = NamedTopics((), 0.0)


@dataclass(frozen=True)
class _TopicText:
    """A topic in the form of a paper, so that BM25 can index it."""

    title: str
    abstract: str
    keywords: tuple[str, ...]
    key: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    votes: int = 0


class Thesaurus:
    """The topics of the catalogue, to be looked up by a name or a sentence."""

    def __init__(self, topics: Sequence[Interest], vectors: Vectors | None = None) -> None:
        """Index `topics`; `vectors` holds the embedding of each topic's profile, one row of length 1 each."""
        self.topics = list(topics)
        self._vectors = vectors
        self._bm25_index = Bm25Index([_TopicText(topic.label, topic.about, topic.terms) for topic in self.topics])
        self._topics_by_key: dict[str, list[int]] = {}
        for number, topic in enumerate(self.topics):
            for name in {key_of(phrase) for phrase in topic.criteria.quoted}:
                self._topics_by_key.setdefault(name, []).append(number)
        # A topic's name means that topic alone, even if other topics have it among their phrases.
        self._topics_by_key |= {key_of(topic.label): [number] for number, topic in enumerate(self.topics)}
        self.phrase_keys = frozenset(self._topics_by_key)
        numbers = {topic.label: number for number, topic in enumerate(self.topics)}
        # The numbers of the narrower topics, by the number of the broader topic.
        self._narrower = {
            number: frozenset(numbers[one.label] for one in topic.narrower if one.label in numbers)
            for number, topic in enumerate(self.topics)
            if topic.narrower
        }
        self.topic_terms = TopicTerms(self.topics)
        # A filter is read when its evidence is prepared, and again when it is matched.
        self.is_one_subject = lru_cache(maxsize=1_000)(self._is_one_subject)

    def topics_in(self, name: str, text: str, vector: Vectors | None = None) -> NamedTopics:
        """Return the topics that `text` is about.

        `name` is a part of `text` that may be a topic's name. `vector` is the embedding of `text`, if topics have
        embeddings too.
        """
        return self.topics_in_each([(name, text, vector)])[0]

    def topics_in_each(self, texts: Sequence[NamedText]) -> list[NamedTopics]:
        """Return the topics that each of `texts` is about (see `topics_in`)."""
        similarities = self._similarities(texts)
        best = similarities.max(axis=1, initial=0.0).tolist()
        return [_named_topics(*pair) for pair in zip(similarities, best, strict=True)]

    def nearest(self, name: str, text: str, vector: Vectors | None = None) -> int:
        """Return the number of the topic that a reader who writes this would tick (used in evaluations).

        It is a broader topic only if `name` is its name, or names several of its narrower topics. If `name` names
        several topics without a common broader one, it is the first, unless that is far from the whole text: “Image” in
        “Image and video segmentation” names no topic. Raise ValueError if there are no topics.
        """
        similarities: Values = self._similarities([(name, text, vector)])[0]
        called = self._topics_by_key.get(key_of(name), [])
        similarities[[broader for broader in self._narrower if broader not in called]] = -math.inf
        named = self._topics_named_in(name, similarities)
        counts = {broader: len(narrower.intersection(named)) for broader, narrower in self._narrower.items()}
        if max(counts.values(), default=0) > 1:
            return max(counts, key=lambda broader: (counts[broader], -len(self._narrower[broader])))
        similarities += self._bm25_index.coverage(name)
        nearest = int(similarities.argmax())
        gap = MAX_GAP * (COVERAGE_FACTOR if vector is None else 1)
        return named[0] if len(named) > 1 and similarities[named[0]] >= similarities[nearest] - gap else nearest

    def _topics_named_in(self, name: str, similarities: Values) -> list[int]:
        """Return the topics that the parts of `name` name, in order and without duplicates.

        If a part may mean two topics, the similarity of the whole name (`similarities`) decides.
        """
        found: dict[int, None] = {}
        for part in filter(None, PART_SEPARATOR.split(name)):
            coverage = self._bm25_index.coverage(part)
            nearest = int(self._add_name_bonus(part, COVERAGE_FACTOR * coverage + similarities).argmax())
            if coverage[nearest] >= MIN_PART_COVERAGE:
                found[nearest] = None
        return list(found)

    def _is_one_subject(self, name: str, sentence: str) -> bool:
        """Return whether a name and a sentence have one subject, that is, are similar to the same topics."""
        pair = self._bm25_index.coverages([name, sentence])
        return bool(pair.any(axis=1).all()) and float(np.corrcoef(pair[0], pair[1])[0, 1]) >= MIN_CORRELATION

    def contains(self, key: str) -> bool:
        """Return whether `key` (see tokens.key_of) is the name or a phrase of any topic."""
        return key in self._topics_by_key

    def _similarities(self, texts: Sequence[NamedText]) -> Values:
        """Return the similarity of each text (a row) to each topic (a column)."""
        similarities = self._bm25_index.coverages([text for _, text, _ in texts])
        vectors = [None if self._vectors is None else vector for _, _, vector in texts]
        embedded = [number for number, vector in enumerate(vectors) if vector is not None]
        similarities[[number for number, vector in enumerate(vectors) if vector is None]] *= COVERAGE_FACTOR
        if self._vectors is not None and embedded:
            similarities[embedded] += np.array([vectors[number] for number in embedded]) @ self._vectors.T
        for (name, _, _), row in zip(texts, similarities, strict=True):
            self._add_name_bonus(name, row)
        return similarities

    def _add_name_bonus(self, name: str, similarities: Values) -> Values:
        for number in self._topics_by_key.get(key_of(name), ()):
            similarities[number] += NAME_BONUS
        return similarities


def _named_topics(similarities: Values, best: float) -> NamedTopics:
    low, high = SIMILARITY_RANGE
    if best <= low:
        return NO_TOPICS
    candidates = np.flatnonzero(similarities > max(low, best + math.log(MIN_WEIGHT_SHARE) / SHARPNESS))
    shares = [math.exp(SHARPNESS * (value - best)) for value in similarities[candidates].tolist()]
    scale = min(1.0, (best - low) / (high - low)) / sum(shares)
    weights = tuple((number, share * scale) for number, share in zip(candidates.tolist(), shares, strict=True))
    return NamedTopics(weights, best)
