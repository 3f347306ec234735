"""How far the words of a paper are those of a topic's phrases, wherever they stand. Pure.

No phrase of Memory for agents need stand in a paper that speaks of assistants, of sessions and of what is remembered.
How many of a topic's words a paper holds depends on how long it is and on how common they are, so what counts is how
many standard deviations more they are than those of the other topics of the catalogue: for each paper on its own, so
that a day of five papers is judged as one of five hundred.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from digest.matching.bm25 import Bm25Index, Values
from digest.matching.tokens import families_of
from digest.matching.types import Interest

_FEWEST = 100  # topics: of a smaller catalogue others are thought of that use none of its words
_SHOWN = 4  # words, as a reason
_LEAST_VARIANCE = 1e-6  # of a paper that holds none of the words


class TopicTerms:
    """The words of `topics`, and how much each of them counts for each topic."""

    def __init__(self, topics: Sequence[Interest]) -> None:
        uses: dict[str, list[float]] = {}
        for topic in topics:
            for word, use in words_of(topic).items():
                uses.setdefault(word, []).append(use)
        # Over all topics that have words, those that don't use this one included.
        count = max(sum(bool(topic.criteria.quoted) for topic in topics), _FEWEST)
        self.means = {word: sum(found) / count for word, found in uses.items()}
        squares = {word: sum(use * use for use in found) / count for word, found in uses.items()}
        self.variances = {word: square - self.means[word] ** 2 for word, square in squares.items()}


class TermOverlap:
    """The words of a day's papers, held against a vocabulary."""

    def __init__(self, coverage: Bm25Index, vocabulary: TopicTerms) -> None:
        self._coverage = coverage
        self._usual = coverage.sum(vocabulary.means)
        self._spread = np.sqrt(coverage.sum(vocabulary.variances, squared=True) + _LEAST_VARIANCE)
        self.of = lru_cache(maxsize=1_000)(self._of)  # asked again for each paper whose choice is explained

    def _of(self, topic: Interest) -> Values:
        """For each paper ln(1 + d), where its words are d standard deviations nearer to the topic's than to others."""
        deviations = (self._coverage.sum(words_of(topic)) - self._usual) / self._spread
        return np.log1p(np.maximum(deviations, 0.0))

    def telling(self, topic: Interest, number: int) -> frozenset[str]:
        """The few words (families of them) that bring the paper at that place nearest to the topic."""
        says = {word: float(self._coverage.sum({word: use})[number]) for word, use in words_of(topic).items()}
        return frozenset(word for word in sorted(says, key=lambda word: -says[word])[:_SHOWN] if says[word])


@lru_cache(maxsize=1_000)
def words_of(topic: Interest) -> Mapping[str, float]:
    """By the families of words in the topic's phrases: the logarithm of how many of the phrases hold one, and one."""
    counts = Counter(word for phrase in topic.criteria.quoted for word in families_of(phrase))
    return {word: float(np.log1p(count)) for word, count in counts.items()}
