"""The catalogue as a thesaurus: which of its topics a name or a sentence speaks of, in whatever words. Pure.

"Making a small model learn from a bigger one" is close to the topic Knowledge distillation, and whoever is about that
topic is likely to be wanted, also where it says "teacher" and "student".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from digest.matching.coverage import Coverage, Values
from digest.matching.findings import Interest
from digest.matching.meaning import Vectors
from digest.matching.vocabulary import Vocabulary
from digest.matching.words import key_of

# Below the first of the two a topic is about something else, from the second on it is what is asked for.
ALIKE_IN_MEANING = (0.42, 0.65)  # cosines
ALIKE_IN_WORDS = (0.1, 0.4)  # coverage
SHARPNESS = 20.0  # how much more the nearest topic counts than the next
LEAST_WEIGHT = 0.05

Weights = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class _Page:
    """A topic as a text to look words up in."""

    title: str
    abstract: str
    keywords: tuple[str, ...]
    key: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    votes: int = 0


class Thesaurus:
    """The topics of the catalogue, to be looked up by what is asked for."""

    def __init__(self, topics: Sequence[Interest], vectors: Vectors | None = None) -> None:
        """`vectors`: one row of length 1 for the profile of each topic."""
        self.topics = list(topics)
        self._vectors = vectors
        self._words = Coverage([_Page(topic.label, topic.about, topic.criteria.quoted) for topic in self.topics])
        self._named: dict[str, list[int]] = {}
        for number, topic in enumerate(self.topics):
            for name in {key_of(phrase) for phrase in (topic.label, *topic.criteria.quoted)}:
                self._named.setdefault(name, []).append(number)
        self.by_words = lru_cache(maxsize=10_000)(self._by_words)
        self.vocabulary = Vocabulary(self.topics)

    def by_meaning(self, vector: Vectors) -> Weights:
        """The topics (by their place) close to `vector`, and how much each counts: 1 in all at most."""
        if self._vectors is None or not self.topics:
            return ()
        return _weigh(self._vectors @ vector, ALIKE_IN_MEANING)

    def named(self, text: str) -> Weights:
        """The topics that `text` is a name or a phrase of."""
        numbers = self._named.get(key_of(text))
        return tuple((number, 1 / len(numbers)) for number in numbers) if numbers else ()

    def holds(self, key: str) -> bool:
        """Whether what is looked up by `key` (see words.key_of) is the name or a phrase of any topic."""
        return key in self._named

    def _by_words(self, text: str) -> Weights:
        """The topics that speak of the words in `text`."""
        return _weigh(self._words.of(text), ALIKE_IN_WORDS) if self._words.says_any(text) else ()


def _weigh(alike: Values | Vectors, bounds: tuple[float, float]) -> Weights:
    low, high = bounds
    best = float(alike[alike.argmax()]) if alike.size else 0.0
    if best <= low:
        return ()
    near = np.flatnonzero(alike > max(low, best + math.log(LEAST_WEIGHT) / SHARPNESS))
    shares = [math.exp(SHARPNESS * (value - best)) for value in alike[near].tolist()]
    scale = min(1.0, (best - low) / (high - low)) / sum(shares)
    return tuple((number, share * scale) for number, share in zip(near.tolist(), shares, strict=True))


def mixed(by_words: Weights, by_meaning: Weights) -> Weights:
    """Both opinions in one; together they count for 1 at most."""
    if not by_words or not by_meaning:
        return by_words or by_meaning
    weights: dict[int, float] = {}
    for number, weight in (*by_words, *by_meaning):
        weights[number] = weights.get(number, 0.0) + weight
    scale = 1 / max(1.0, sum(weights.values()))
    return tuple((number, weight * scale) for number, weight in weights.items())
