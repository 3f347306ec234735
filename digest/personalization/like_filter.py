"""The filter of what a reader liked or saved, in addition to the filters that they set up. Pure.

It finds papers that are close to what the reader liked. It also moves the papers that other filters find up or down,
and removes none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from django.utils.translation import gettext_noop

from digest.matching import Answer, Finding, Index, Match, Reason
from digest.matching.scoring_weights import THRESHOLDS, odds, probability
from digest.personalization.like_model import LikeModel, PaperFeatures, PaperMatrix, Values, closest
from digest.personalization.word_features import words_of

LIKES = gettext_noop("Close to what you liked or saved")  # the label of the filter
FORMER_LABEL = "Papers like those you liked"  # in records of former digests

# The log-odds that a reader wants a paper, by its closeness in standard deviations. They were chosen so that they reach
# the THRESHOLDS of “fewer”, “balanced” and “more” at 3, 2.5 and 2. Choose them again when those change.
SLOPE, INTERCEPT = 2.233, -5.85
# The log-odds that a standard deviation adds to what another filter found, the closeness that changes nothing, and the
# largest move. Chosen on libraries with three topics each, see docs/matching-results.md.
MOVE, NEUTRAL, MAX_MOVE = 2.0, 2.0, 4.0
REASON_WEIGHT = 3.0  # log-odds; about what the closeness of a paper that is found adds


class PositiveExample(NamedTuple):
    """A paper that the reader liked or saved."""

    key: str
    title: str
    verb: str  # liked, saved or outside (a paper that no source has listed)
    features: PaperFeatures


@dataclass(frozen=True, eq=False)
class Likes:
    """The filter of one reader: the model, and the newest papers that it was learned from."""

    model: LikeModel
    examples: tuple[PositiveExample, ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset([example.key for example in self.examples])


def with_likes(
    index: Index, answers: Sequence[Answer], likes: Likes, amount: str, least_votes: int = 0
) -> list[Answer]:
    """Return the answers of a reader's other filters, put in order by what they liked, and what is close to that."""
    closeness = likes.model.closeness(_matrix_of(index))
    moves = MOVE * (closeness - NEUTRAL * likes.model.has_likes)
    factors: list[float] = np.exp(np.clip(moves, -MAX_MOVE, MAX_MOVE)).tolist() if answers else []
    moved = [_moved(answer, factors) for answer in answers]
    found = _close(index, likes, closeness, THRESHOLDS[amount], least_votes) if likes.model.has_likes else {}
    return [*moved, Answer(found, _LikeFindings(index, likes))] if found else moved


def _moved(answer: Answer, factors: Sequence[float]) -> Answer:
    """Return the answer with the odds of each paper, p / (1 - p), multiplied by its factor."""
    shifted = [
        (score * factors[number] / (1 - score + score * factors[number]), -number)
        for number, score in answer.scores.items()
    ]
    shifted.sort(reverse=True)
    return Answer({-negative: score for score, negative in shifted}, answer.found)


def _close(index: Index, likes: Likes, closeness: Values, threshold: float, least_votes: int) -> dict[int, float]:
    """Return the probabilities of the papers that are close enough, best first, without those that were liked."""
    least = (odds(threshold) - INTERCEPT) / SLOPE
    numbers = (closeness >= least).nonzero()[0]
    best_first = numbers[np.argsort(-closeness[numbers], kind="stable")].tolist()
    return {
        number: probability(SLOPE * float(closeness[number]) + INTERCEPT)
        for number in best_first
        if index.papers[number].votes >= least_votes and index.papers[number].key not in likes.keys
    }


class _LikeFindings:
    """The findings of one reader's likes. They are made when they are first needed."""

    def __init__(self, index: Index, likes: Likes) -> None:
        self._index = index
        self._likes = likes
        self._findings: dict[int, Finding] = {}

    def finding(self, number: int, score: float) -> Finding:
        found = self._findings.get(number)
        if found is None:
            found = self._findings[number] = Finding(LIKES, score, partial(self._reasons, number))
        return found

    def match(self, number: int, score: float) -> Match:
        return Match(self._index.papers[number], score, (self.finding(number, score),))

    def _reasons(self, number: int) -> tuple[Reason, ...]:
        examples = self._likes.examples
        if not examples:
            return ()
        nearest = examples[closest(_features_of(self._index, number), [example.features for example in examples])]
        return (Reason(LIKES, "liked", nearest.title, nearest.verb, REASON_WEIGHT),)


# Made on first use, and dropped with the index.
_matrices: WeakKeyDictionary[Index, PaperMatrix] = WeakKeyDictionary()


def _matrix_of(index: Index) -> PaperMatrix:
    matrix = _matrices.get(index)
    if matrix is None:
        matrix = _matrices[index] = PaperMatrix([_features_of(index, number) for number in range(len(index.papers))])
    return matrix


def _features_of(index: Index, number: int) -> PaperFeatures:
    space = index.corpus.embedding_space
    return PaperFeatures(words_of(index.papers[number]), space.papers[number] if space else None)
