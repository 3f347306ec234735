"""Other ways to learn from likes, to compare ours with: mean, nearest papers, SVM and logistic regression. Pure.

Each works on the similarities (inner products) of papers, and returns a score for each paper of the day.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Similarities = NDArray[np.floating[Any]]  # of all papers with one another

NEAREST = 3  # liked papers that a paper is compared with
DISLIKE = 0.5  # weight of a paper that was not for the reader, in the mean
SVM_C = 0.01  # as arxiv-sanity-lite has it
REGRESSION_PENALTY = 0.003
STEPS = 10  # of Newton's method
_SMALL = 1e-9


class Task(NamedTuple):
    """One person on one day: the papers to learn from and those to rank, as numbers of papers."""

    liked: list[int]
    disliked: list[int]
    others: list[int]  # papers in general, to learn from
    reference: list[int]  # others, which show what is usual
    day: list[int]  # the wanted papers first
    wanted: int  # how many of the day's papers are


Learner = Callable[[Similarities, Task], Values]


def mean(similar: Similarities, task: Task) -> Values:
    """Return the cosine with the mean of the liked papers, less half of that with the disliked ones (Rocchio).

    All papers are first centered: less the mean of papers in general.
    """
    usual = similar[np.ix_(task.day, task.others)].mean(axis=1)
    middle = float(similar[np.ix_(task.others, task.others)].mean())
    scores: Values = similar[np.ix_(task.day, task.liked)].mean(axis=1) - usual
    scores -= similar[np.ix_(task.liked, task.others)].mean() - middle
    if task.disliked:
        disliked = similar[np.ix_(task.day, task.disliked)].mean(axis=1) - usual
        scores -= DISLIKE * (disliked - similar[np.ix_(task.disliked, task.others)].mean() + middle)
    lengths: Values = similar[task.day, task.day] - 2 * usual + middle
    found: Values = scores / np.sqrt(np.maximum(lengths, _SMALL))
    return found


def nearest(similar: Similarities, task: Task) -> Values:
    """Return the mean similarity to the liked papers that are nearest."""
    by_similarity = np.sort(similar[np.ix_(task.day, task.liked)], axis=1)
    return np.asarray(by_similarity[:, -NEAREST:].mean(axis=1), np.float64)


def svm(similar: Similarities, task: Task) -> Values:
    """Return the scores of a linear SVM with squared hinge loss and balanced classes, as scikit-learn's LinearSVC."""
    examples, targets = _examples(task)
    return _fit(similar, task, examples, targets, 1 / SVM_C, _balanced(targets), _hinge)


def regression(similar: Similarities, task: Task) -> Values:
    """Return the scores of a logistic regression with balanced classes."""
    examples, targets = _examples(task)
    total = len(targets)
    return _fit(similar, task, examples, targets, REGRESSION_PENALTY * total, _balanced(targets), _logistic)


def _examples(task: Task) -> tuple[list[int], Values]:
    others = [*task.disliked, *task.others]
    return [*task.liked, *others], np.array([1.0] * len(task.liked) + [-1.0] * len(others))


def _balanced(targets: Values) -> Values:
    """Return weights that make both classes count alike, and one on average."""
    liked = targets > 0
    weights: Values = np.where(liked, targets.size / (2 * liked.sum()), targets.size / (2 * (~liked).sum()))
    return weights


def _fit(
    similar: Similarities,
    task: Task,
    examples: list[int],
    targets: Values,
    penalty: float,
    weights: Values,
    loss: Callable[[Values, Values, Values], tuple[Values, Values]],
) -> Values:
    """Minimize the loss and the squared length of the model, by Newton's method on the examples' factors."""
    gram = similar[np.ix_(examples, examples)].astype(np.float64)
    factors, intercept = np.zeros(len(examples)), 0.0
    for _ in range(STEPS):
        curvature, goals = loss(gram @ factors + intercept, targets, weights)
        penalized = gram + np.diag(penalty / curvature)
        solved = np.linalg.solve(penalized, np.stack([goals, np.ones(len(examples))], axis=1))
        intercept = solved[:, 0].sum() / solved[:, 1].sum()
        factors = solved[:, 0] - intercept * solved[:, 1]
    scores: Values = similar[np.ix_(task.day, examples)] @ factors + intercept
    return scores


def _hinge(scores: Values, targets: Values, weights: Values) -> tuple[Values, Values]:
    """Return the curvature of the squared hinge loss at `scores`, and what Newton's step aims at."""
    inside = targets * scores < 1
    return np.where(inside, 2 * weights, _SMALL), np.where(inside, targets, scores)


def _logistic(scores: Values, targets: Values, weights: Values) -> tuple[Values, Values]:
    sure = 1 / (1 + np.exp(-np.clip(targets * scores, -30, 30)))
    curvature = np.maximum(weights * sure * (1 - sure), _SMALL)
    return curvature, scores + weights * targets * (1 - sure) / curvature
