"""Evaluation of learning from likes on people's own libraries: the figures of `manage.py evaluate_learning`. Pure.

A person has read some of the papers in their library and liked them. A day has a hundred papers: ten others of the
library, which are wanted, and ninety that only other people have, drawn at random or from those nearest to the library
(“same subject”). Each learner ranks the day.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from digest.personalization import like_model
from digest.personalization.evaluation import baselines
from digest.personalization.evaluation.baselines import Learner, Similarities, Task, Values
from digest.personalization.like_model import MAX_BACKGROUND, Background, PaperFeatures, PaperMatrix
from digest.personalization.word_features import BUCKETS, rarity

LIKES = (1, 3, 5, 10, 20)
DAY, WANTED, MIN_WANTED = 100, 10, 5  # papers of a day, and how many of them are wanted
MIN_OTHERS = 100  # papers that a person doesn't have: the day's ninety, and some more
NEAREST_PAPERS = 250  # papers that count as the same subject
MAX_PAPERS = 8_000  # of all libraries; their similarities take 4 bytes for each pair
OURS = "Daily Papers"


class LearningEvaluationError(Exception):
    """There is nothing to evaluate; the message says what is missing."""


class LibraryPaper(NamedTuple):
    """A paper of a library."""

    title: str
    abstract: str = ""


class Library(NamedTuple):
    """The papers of one person."""

    name: str
    papers: tuple[LibraryPaper, ...]


class Setting(NamedTuple):
    """The kind of day, and the number of papers that the person has rated before."""

    likes: int
    same_subject: bool
    with_dislikes: bool

    @property
    def name(self) -> str:
        """The name of the setting, such as “random, 5 likes, 5 dislikes”."""
        kind = "same subject" if self.same_subject else "random"
        return f"{kind}, {self.likes} likes" + (f", {self.likes} dislikes" if self.with_dislikes else "")


class Quality(NamedTuple):
    """The mean quality of a learner's rankings, from 0 to 1."""

    ndcg: float  # nDCG@10
    auc: float


@dataclass(frozen=True)
class LearningEvaluation:
    """The quality of each learner in each setting, and how many people each setting has."""

    people: dict[Setting, int]
    quality: dict[Setting, dict[str, Quality]]

    def as_json(self) -> dict[str, Any]:
        return {
            setting.name: {
                "people": self.people[setting],
                **{name: {"ndcg@10": round(it.ndcg, 4), "auc": round(it.auc, 4)} for name, it in found.items()},
            }
            for setting, found in self.quality.items()
        }


class Collection:
    """All papers of all libraries, each once, with the numbers of each person's papers."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        numbers: dict[str, int] = {}
        self.papers: list[LibraryPaper] = []
        self.owned: list[list[int]] = []
        for library in libraries:
            owned = set()
            for paper in library.papers:
                key = " ".join(paper.title.casefold().split())
                if key not in numbers:
                    numbers[key] = len(self.papers)
                    self.papers.append(paper)
                owned.add(numbers[key])
            self.owned.append(sorted(owned))
        if len(libraries) < 2:
            raise LearningEvaluationError("It takes the libraries of at least two people, each in a file of its own.")
        if len(self.papers) > MAX_PAPERS:
            raise LearningEvaluationError(
                f"The libraries hold {len(self.papers)} papers, and at most {MAX_PAPERS} can be compared. Use fewer."
            )


def evaluate(collection: Collection, features: Sequence[PaperFeatures], *, seed: int = 1) -> LearningEvaluation:
    """Return the quality of all learners. `features` are those of the collection's papers.

    Raise LearningEvaluationError if no library has enough papers.
    """
    similar = _Similarities(features)
    people: dict[Setting, int] = {}
    quality: dict[Setting, dict[str, Quality]] = {}
    for setting in (Setting(*it) for it in product(LIKES, (False, True), (False, True))):
        tasks = _tasks(collection, similar, setting, random.Random(f"{seed} {setting}"))  # noqa: S311
        if tasks:
            people[setting] = len(tasks)
            quality[setting] = _compare(tasks, similar, features, random.Random(seed))  # noqa: S311
    if not quality:
        raise LearningEvaluationError(
            f"No library can be evaluated: it takes {LIKES[0] + MIN_WANTED} papers or more, and {MIN_OTHERS} or "
            "more that only other people have."
        )
    return LearningEvaluation(people, quality)


class _Similarities:
    """The similarities of all papers with one another, by words, by meaning and by both."""

    def __init__(self, features: Sequence[PaperFeatures]) -> None:
        self.words = _word_similarities(features)
        self.meaning: Similarities | None = None
        if all(paper.meaning is not None for paper in features):
            vectors = np.array([paper.meaning for paper in features], np.float32)
            self.meaning = np.asarray(vectors @ vectors.T)
        self.both = self.words
        if self.meaning is not None:
            self.both = self.words / _spread(self.words) + self.meaning / _spread(self.meaning)
            self.both /= self.both.diagonal().mean()

    @property
    def by_what_there_is(self) -> Similarities:
        return self.words if self.meaning is None else self.meaning


def _spread(similar: Similarities) -> float:
    sample = similar[:: max(1, len(similar) // 500), :: max(1, len(similar) // 499)]
    return float(np.std(sample[sample < sample.max() * 0.9])) or 1.0


def _word_similarities(features: Sequence[PaperFeatures]) -> Similarities:
    """Return the cosines of the papers' tf-idf vectors."""
    rarities = rarity(paper.words for paper in features)
    weights = [paper.words.weights * rarities[paper.words.buckets] for paper in features]
    lengths = [float(np.linalg.norm(each)) or 1.0 for each in weights]
    papers = np.repeat(np.arange(len(features)), [each.size for each in weights])
    values = np.concatenate([each / length for each, length in zip(weights, lengths, strict=True)])
    buckets = np.concatenate([paper.words.buckets for paper in features])
    order = np.argsort(buckets, kind="stable")
    starts = np.searchsorted(buckets[order], np.arange(BUCKETS + 1))
    found = np.zeros((len(features), len(features)), np.float32)
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        if last > first + 1:
            having, shares = papers[order[first:last]], values[order[first:last]]
            found[np.ix_(having, having)] += np.outer(shares, shares)
    np.fill_diagonal(found, 1.0)
    return found


def _tasks(collection: Collection, similar: _Similarities, setting: Setting, chance: random.Random) -> list[Task]:
    made = (_task(owned, len(collection.papers), similar, setting, chance) for owned in collection.owned)
    return [task for task in made if task]


def _task(
    owned: Sequence[int], papers: int, similar: _Similarities, setting: Setting, chance: random.Random
) -> Task | None:
    """Return a day of the person who has these papers, or None if there are too few papers."""
    mine = chance.sample(list(owned), len(owned))
    liked, wanted = mine[: setting.likes], mine[setting.likes : setting.likes + WANTED]
    others = sorted(set(range(papers)) - set(owned))
    if len(wanted) < MIN_WANTED or len(others) < MIN_OTHERS:
        return None
    pool = _nearest(similar, mine, others) if setting.same_subject else others
    drawn = chance.sample(pool, min(len(pool), DAY - len(wanted) + setting.likes * setting.with_dislikes))
    disliked = drawn[: setting.likes] if setting.with_dislikes else []
    rest = sorted(set(others) - set(drawn))
    rest = chance.sample(rest, min(2 * MAX_BACKGROUND, len(rest)))
    day = [*wanted, *drawn[len(disliked) :]]
    return Task(liked, disliked, rest[::2], rest[1::2], day, len(wanted))


def _nearest(similar: _Similarities, mine: Sequence[int], others: Sequence[int]) -> list[int]:
    """Return the papers of others that are nearest to the library, by words and meaning."""
    closeness = similar.both[np.ix_(others, mine)].mean(axis=1)
    return [others[place] for place in np.argsort(-closeness)[:NEAREST_PAPERS]]


def _compare(
    tasks: Sequence[Task], similar: _Similarities, features: Sequence[PaperFeatures], chance: random.Random
) -> dict[str, Quality]:
    learners: Mapping[str, Learner] = {
        "random": lambda _similar, task: np.array([chance.random() for _ in task.day]),
        "mean": lambda _similar, task: baselines.mean(similar.by_what_there_is, task),
        "3 nearest": lambda _similar, task: baselines.nearest(similar.by_what_there_is, task),
        "SVM on tf-idf": lambda _similar, task: baselines.svm(similar.words, task),
        "regression": lambda _similar, task: baselines.regression(similar.both, task),
        OURS: lambda _similar, task: _ours(features, task),
    }
    return {
        name: _average([_quality(learner(similar.both, task), task.wanted) for task in tasks])
        for name, learner in learners.items()
    }


def _ours(features: Sequence[PaperFeatures], task: Task) -> Values:
    def of(numbers: Sequence[int]) -> list[PaperFeatures]:
        return [features[number] for number in numbers]

    model = like_model.learn(of(task.liked), of(task.disliked), Background(of(task.others), of(task.reference)))
    return model.closeness(PaperMatrix(of(task.day)))


def _quality(scores: Values, wanted: int) -> Quality:
    gains = 1 / np.log2(np.arange(2, 12))
    first = np.argsort(-scores, kind="stable")[: gains.size]
    best = float(gains[: min(wanted, gains.size)].sum())
    ours, theirs = scores[:wanted, None], scores[None, wanted:]
    auc = float(((ours > theirs) + 0.5 * (ours == theirs)).mean())
    return Quality(float(gains[: first.size][first < wanted].sum()) / best, auc)


def _average(found: Sequence[Quality]) -> Quality:
    return Quality(fmean(it.ndcg for it in found), fmean(it.auc for it in found))
