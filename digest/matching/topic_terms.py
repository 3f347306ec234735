"""The overlap between a paper's words and the words of a topic's phrases, in any order. Pure.

A paper about assistants, sessions and what they remember may contain no phrase of the topic Memory for agents. The
number of a topic's words in a paper depends on the paper's length and on how common the words are. So the overlap is
measured in standard deviations above the overlap with the other topics of the catalogue. It is computed for each
paper alone, so a day of five papers is scored like one of five hundred.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from digest.matching.bm25 import Bm25Index, Values
from digest.matching.tokens import families_of
from digest.matching.types import Interest

_FEWEST = 100  # topics; a smaller catalogue is padded with imaginary topics that share no words with it
_SHOWN = 4  # words in a reason
_LEAST_VARIANCE = 1e-6  # avoids a division by zero for a paper with none of the words


class TopicTerms:
    """The mean and the variance of each word's weight over all `topics`."""

    def __init__(self, topics: Sequence[Interest]) -> None:
        uses: dict[str, list[float]] = {}
        for topic in topics:
            for word, use in words_of(topic).items():
                uses.setdefault(word, []).append(use)
        # Count all topics that have phrases, including those that do not use the word.
        count = max(sum(bool(topic.criteria.quoted) for topic in topics), _FEWEST)
        self.means = {word: sum(found) / count for word, found in uses.items()}
        squares = {word: sum(use * use for use in found) / count for word, found in uses.items()}
        self.variances = {word: square - self.means[word] ** 2 for word, square in squares.items()}


class TermOverlap:
    """The overlap of a day's papers with the words of topics."""

    def __init__(self, coverage: Bm25Index, vocabulary: TopicTerms) -> None:
        self._coverage = coverage
        self._usual = coverage.sum(vocabulary.means)
        self._spread = np.sqrt(coverage.sum(vocabulary.variances, squared=True) + _LEAST_VARIANCE)
        self.of = lru_cache(maxsize=1_000)(self._of)  # called again for each paper that is explained

    def _of(self, topic: Interest) -> Values:
        """Return ln(1 + d) for each paper; d is its overlap with `topic` in standard deviations above the mean."""
        deviations = (self._coverage.sum(words_of(topic)) - self._usual) / self._spread
        return np.log1p(np.maximum(deviations, 0.0))

    def telling(self, topic: Interest, number: int) -> frozenset[str]:
        """Return the few word families that contribute most to the overlap of paper `number` with `topic`."""
        says = {word: float(self._coverage.sum({word: use})[number]) for word, use in words_of(topic).items()}
        return frozenset(word for word in sorted(says, key=lambda word: -says[word])[:_SHOWN] if says[word])


@lru_cache(maxsize=1_000)
def words_of(topic: Interest) -> Mapping[str, float]:
    """Return the weight of each word family in the topic's phrases: log(1 + number of phrases that contain it)."""
    counts = Counter(word for phrase in topic.criteria.quoted for word in families_of(phrase))
    return {word: float(np.log1p(count)) for word, count in counts.items()}
