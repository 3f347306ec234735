"""A linear model that scores how close a paper is to what a reader liked, compared with other papers. Pure.

It is a ridge regression on the meaning and the words of papers. It separates the papers that the reader liked from
papers in general and from those that were not for them. With a single like, the model is nearly the difference between
that paper and the mean of papers in general. With more likes, it learns what they have in common. Closeness is measured
as everywhere in `digest.matching`: in standard deviations above what is usual among papers in general.

A model is a few kilobytes, and a day of papers is scored by one product of matrices and a sum over shared words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digest.matching.similarity import Vectors
from digest.personalization.word_features import BUCKETS, NO_WORDS, Weights, Words, rarity

Values = NDArray[np.float64]

WORDS = 8.0  # weight of words relative to meaning: similarities by words are that much smaller
PENALTY = 0.03  # of the regression
LIKE, DISLIKE = 1.0, 1 / 3  # weights of a paper that the reader liked, and of one that was not for them
# The number of other papers that liked ones are compared with. Together they weigh as much as all liked papers. Another
# set of this size shows which closeness is usual.
MAX_BACKGROUND = 300
KEPT_WORDS = 1_000  # of a model, the strongest
# The mean and the deviation of the scores of papers in general, as shares of the liked papers' own mean score. Measured
# on a few hundred papers; a site without former digests starts from this.
PRIOR_MEAN, PRIOR_DEVIATION = 0.04, 0.04
PRIOR_WEIGHT = 30  # papers that this counts as


class PaperFeatures(NamedTuple):
    """The features of a paper that a model sees."""

    words: Words
    meaning: Vectors | None = None  # the embedding, or None on a site without


class PaperMatrix:
    """The features of several papers, such as a day's, prepared for the models of many readers."""

    def __init__(self, papers: Sequence[PaperFeatures]) -> None:
        self.count = len(papers)
        self.by_meaning = bool(papers) and all(paper.meaning is not None for paper in papers)
        self._meaning = np.array([paper.meaning for paper in papers], np.float32) if self.by_meaning else None
        buckets = np.concatenate([np.zeros(0, np.uint16), *(paper.words.buckets for paper in papers)])
        order = np.argsort(buckets, kind="stable")
        sizes = [paper.words.buckets.size for paper in papers]
        self._papers = np.repeat(np.arange(self.count), sizes)[order]
        self._weights = np.concatenate([np.zeros(0, np.float32), *(paper.words.weights for paper in papers)])[order]
        self._starts = np.searchsorted(buckets[order], np.arange(BUCKETS + 1)).astype(np.int32)

    def scores(self, meaning: Vectors | None, words: Words) -> Values:
        """Return the sum of each paper's features, times these weights."""
        found = self._word_scores(words)
        if meaning is not None and self._meaning is not None:
            found += self._meaning @ meaning
        return found

    def _word_scores(self, words: Words) -> Values:
        starts = self._starts[words.buckets]
        sizes = self._starts[words.buckets.astype(np.int32) + 1] - starts
        ends = sizes.cumsum()
        total = int(ends[-1]) if ends.size else 0
        places = np.arange(total) + np.repeat(starts - ends + sizes, sizes)
        values = self._weights[places] * np.repeat(words.weights, sizes)
        return np.bincount(self._papers[places], values, self.count).astype(np.float64, copy=False)


@dataclass(frozen=True, eq=False)
class LikeModel:
    """A model learned from a reader's likes.

    If the papers have no embeddings, or those of another sentence model, only words count, with a scale of their own.
    """

    meaning: Vectors | None  # weights of the embedding, or None if the model knows words alone
    words: Words
    offset: float
    by_words: tuple[float, float] = (1.0, 0.0)  # factor and offset of the words alone
    has_likes: bool = True  # False if the reader liked nothing yet: then it knows only what they do not want

    def closeness(self, papers: PaperMatrix) -> Values:
        """Return how close each paper is to what the reader liked, in standard deviations."""
        if self.meaning is not None and papers.by_meaning:
            return papers.scores(self.meaning, self.words) + self.offset
        factor, offset = self.by_words if self.meaning is not None else (1.0, self.offset)
        return factor * papers.scores(None, self.words) + offset


class Background:
    """Papers in general: some to compare liked papers with, and others to measure what closeness is usual."""

    def __init__(self, others: Sequence[PaperFeatures], reference: Sequence[PaperFeatures]) -> None:
        self.others = others[:MAX_BACKGROUND]
        self.reference = PaperMatrix(reference)
        self.rarity = rarity(paper.words for paper in (*others, *reference))

    @cached_property
    def gram(self) -> Values:
        """The similarities of `others` with one another."""
        return similarities(self.others, self.others, self.rarity)


def learn(liked: Sequence[PaperFeatures], disliked: Sequence[PaperFeatures], background: Background) -> LikeModel:
    """Return the model of a reader who liked these papers and did not want the others."""
    rated = [*liked, *disliked]
    strength = len(liked) * LIKE or len(disliked) * DISLIKE
    every = [*rated, *background.others, _NOTHING]
    usual, missing = strength / MAX_BACKGROUND, MAX_BACKGROUND - len(background.others)
    weights = [LIKE] * len(liked) + [DISLIKE] * len(disliked) + [usual] * len(background.others)
    targets = [1.0] * len(liked) + [-1.0] * len(disliked) + [-1.0 if liked else 0.0] * (len(background.others) + 1)
    factors = _ridge(_gram(rated, background), [*weights, max(usual * missing, _LEAST)], targets)
    meaning = _weighted_meaning(every, factors)
    words = _weighted_words(every, factors, rated, background.rarity)
    mean, deviation = _usual(background.reference, liked or disliked, meaning, words)
    mean_by_words, deviation_by_words = _usual(background.reference, liked or disliked, None, words)
    return LikeModel(
        None if meaning is None else meaning / np.float32(deviation),
        Words(words.buckets, (words.weights / deviation).astype(np.float32)),
        -mean / deviation,
        (deviation / deviation_by_words, -mean_by_words / deviation_by_words),
        bool(liked),
    )


def closest(paper: PaperFeatures, others: Sequence[PaperFeatures]) -> int:
    """Return the place of the paper among `others` that is most similar to `paper`."""
    if paper.meaning is not None and all(other.meaning is not None for other in others):
        return int(np.argmax(_meanings(others) @ paper.meaning))
    return int(np.argmax(similarities([paper], others, rarity(()))[0]))


def similarities(rows: Sequence[PaperFeatures], columns: Sequence[PaperFeatures], rarities: Weights) -> Values:
    """Return how similar each paper of `rows` is to each of `columns`, by words and meaning."""
    known = np.full(BUCKETS, -1, np.int32)
    present = np.unique(np.concatenate([np.zeros(0, np.uint16), *(paper.words.buckets for paper in rows)]))
    known[present] = np.arange(present.size)
    found = WORDS * (_dense(rows, known, rarities) @ _dense(columns, known, rarities).T).astype(np.float64)
    if all(paper.meaning is not None for paper in (*rows, *columns)) and rows and columns:
        found += _meanings(rows) @ _meanings(columns).T
    return found


_NOTHING = PaperFeatures(NO_WORDS)  # takes the place of papers in general on a site that has few
_LEAST = 1e-6  # weight that makes no difference


def _gram(rated: Sequence[PaperFeatures], background: Background) -> Values:
    """Return the similarities of the rated papers and the background's others. The last row and column are zeros."""
    size, first = len(rated) + len(background.others), len(rated)
    gram = np.zeros((size + 1, size + 1))
    gram[:first, :size] = similarities(rated, [*rated, *background.others], background.rarity)
    gram[first:size, :first] = gram[:first, first:size].T
    gram[first:size, first:size] = background.gram
    return gram


def _ridge(gram: Values, weights: Sequence[float], targets: Sequence[float]) -> Values:
    """Return the factors of the examples in the solution of a weighted ridge regression with an intercept."""
    penalized = gram + np.diag(PENALTY / np.array(weights))
    solved = np.linalg.solve(penalized, np.stack([np.array(targets), np.ones(len(targets))], axis=1))
    intercept = solved[:, 0].sum() / solved[:, 1].sum()
    factors: Values = solved[:, 0] - intercept * solved[:, 1]
    return factors


def _weighted_meaning(papers: Sequence[PaperFeatures], factors: Values) -> Vectors | None:
    known = [
        (paper.meaning, factor) for paper, factor in zip(papers, factors, strict=True) if paper.meaning is not None
    ]
    if not known:
        return None
    total: Vectors = np.sum([np.float32(factor) * meaning for meaning, factor in known], axis=0, dtype=np.float32)
    return total


def _weighted_words(
    papers: Sequence[PaperFeatures], factors: Values, rated: Sequence[PaperFeatures], rarities: Weights
) -> Words:
    """Return the strongest words of the rated papers, with their weights."""
    sums = np.zeros(BUCKETS)
    for paper, factor in zip(papers, factors, strict=True):
        sums[paper.words.buckets] += WORDS * factor * paper.words.weights
    buckets = np.unique(np.concatenate([np.zeros(0, np.uint16), *(paper.words.buckets for paper in rated)]))
    weights = sums[buckets] * rarities[buckets] ** 2
    kept = np.sort(np.argsort(-np.abs(weights), kind="stable")[:KEPT_WORDS])
    return Words(buckets[kept], weights[kept].astype(np.float32))


def _usual(
    reference: PaperMatrix, rated: Sequence[PaperFeatures], meaning: Vectors | None, words: Words
) -> tuple[float, float]:
    """Return the mean and the standard deviation of the scores of papers in general."""
    scores = reference.scores(meaning, words)
    own = float(np.abs(PaperMatrix(rated).scores(meaning, words)).mean())
    total = reference.count + PRIOR_WEIGHT
    mean = (float(scores.sum()) + PRIOR_WEIGHT * PRIOR_MEAN * own) / total
    variance = float(((scores - mean) ** 2).sum()) + PRIOR_WEIGHT * (PRIOR_DEVIATION * own) ** 2
    return mean, (variance / total) ** 0.5 or 1.0


def _dense(papers: Sequence[PaperFeatures], known: NDArray[np.int32], rarities: Weights) -> Weights:
    rows = np.zeros((len(papers), int(known.max()) + 1), np.float32)
    for row, paper in zip(rows, papers, strict=True):
        places = known[paper.words.buckets]
        row[places[places >= 0]] = (paper.words.weights * rarities[paper.words.buckets])[places >= 0]
    return rows


def _meanings(papers: Sequence[PaperFeatures]) -> Vectors:
    return np.array([paper.meaning for paper in papers], np.float32)
