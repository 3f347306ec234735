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

_MIN_TOPICS = 100  # topics; a smaller catalogue is padded with imaginary topics that share no words with it
_TOP_WORDS = 4  # words in a reason
_MIN_VARIANCE = 1e-6  # avoids a division by zero for a paper with none of the words


class TopicTerms:
    """The mean and the variance of each word's weight over all `topics`."""

    def __init__(self, topics: Sequence[Interest]) -> None:
        weights_by_word: dict[str, list[float]] = {}
        for topic in topics:
            for word, weight in word_weights(topic).items():
                weights_by_word.setdefault(word, []).append(weight)
        # Count all topics that have phrases, including those that do not use the word.
        count = max(sum(bool(topic.criteria.quoted) for topic in topics), _MIN_TOPICS)
        self.means = {word: sum(weights) / count for word, weights in weights_by_word.items()}
        squares = {
            word: sum(weight * weight for weight in weights) / count for word, weights in weights_by_word.items()
        }
        self.variances = {word: square - self.means[word] ** 2 for word, square in squares.items()}


class TermOverlap:
    """The overlap of a day's papers with the words of topics."""

    def __init__(self, bm25_index: Bm25Index, topic_terms: TopicTerms) -> None:
        self._bm25_index = bm25_index
        self._means = bm25_index.weighted_sum(topic_terms.means)
        self._deviations = np.sqrt(bm25_index.weighted_sum(topic_terms.variances, squared=True) + _MIN_VARIANCE)
        self.overlap = lru_cache(maxsize=1_000)(self._overlap)  # called again for each paper that is explained

    def _overlap(self, topic: Interest) -> Values:
        """Return ln(1 + d) for each paper; d is its overlap with `topic` in standard deviations above the mean."""
        deviations = (self._bm25_index.weighted_sum(word_weights(topic)) - self._means) / self._deviations
        return np.log1p(np.maximum(deviations, 0.0))

    def top_words(self, topic: Interest, number: int) -> frozenset[str]:
        """Return the few word families that contribute most to the overlap of paper `number` with `topic`."""
        shares = {
            word: float(self._bm25_index.weighted_sum({word: weight})[number])
            for word, weight in word_weights(topic).items()
        }
        return frozenset(word for word in sorted(shares, key=lambda word: -shares[word])[:_TOP_WORDS] if shares[word])


@lru_cache(maxsize=1_000)
def word_weights(topic: Interest) -> Mapping[str, float]:
    """Return the weight of each word family in the topic's phrases: log(1 + number of phrases that contain it)."""
    counts = Counter(word for phrase in topic.criteria.quoted for word in families_of(phrase))
    return {word: float(np.log1p(count)) for word, count in counts.items()}
