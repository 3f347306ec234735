"""The weights of matching, fitted to graded judgements: `python -m benchmarks.fitted_weights DIR JUDGEMENTS…`

DIR holds the recorded days, and JUDGEMENTS are files of graded interests. The command prints weights for
`digest/matching/scoring_weights.py`. They are fitted by logistic regression; a paper is wanted if its grade is 1 or 2.
It also prints precision and recall for interests that were left out of the fit. Only weights that are not zero in
`scoring_weights` are fitted, so give a new kind of evidence a weight there to try it. Weights for texts without a
topic (`without_topics`) do not change. `MATCH_BY_MEANING=0` fits the weights of matching by words alone.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import django
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from digest.matching import Interest, scoring, scoring_weights  # noqa: E402
from digest.matching.bm25 import Values  # noqa: E402
from digest.matching.corpus import Corpus  # noqa: E402
from digest.personalization.evaluation import evaluator  # noqa: E402
from digest.personalization.evaluation.evaluator import EvaluationSet  # noqa: E402
from digest.personalization.evaluation.metrics import ConfusionCounts  # noqa: E402

Evidence = dict[str, Values]  # the feature of each weight, with one value for each paper
Sample = tuple[NDArray[np.float64], NDArray[np.bool_]]  # one interest: the features and the label of each paper

LEFT_OUT = 10  # folds of the cross-validation
NOT_FITTED = ("intercept", "full_rarity", "without_topics")  # the intercept has a column of its own
RIDGE = 1.0  # strength of the ridge penalty on standardized features


def of_topic(corpus: Corpus, asked: Interest) -> Evidence:
    if asked.narrower:
        return {}  # a broader topic is scored by the weights of its narrower topics
    none = dict.fromkeys(scoring_weights.TOPIC._fields, 0.0)
    return {
        name: scoring.topic_odds(corpus, asked, scoring_weights.PhraseWeights(**(none | {name: 1.0}))) for name in none
    }


def of_text(corpus: Corpus, asked: Interest) -> Evidence:
    for question in scoring.questions(corpus, asked.criteria, scoring_weights.odds(0)):
        evidence = scoring.text_evidence(corpus, question)
        closeness = evidence.closeness
        return {
            "intercept": np.ones(len(corpus.papers)),
            "coverage": evidence.coverage,
            "topics": evidence.topics,
            "closeness": np.zeros(len(corpus.papers)) if closeness is None else closeness.astype(np.float64),
            "name": corpus.bm25_index.coverage(question.name),
        }
    return {}  # a name of one word is only matched as a phrase


# Topics come first, because the scores of texts depend on the topics that they are about.
FITTED: dict[str, tuple[str, Callable[[Corpus, Interest], Evidence]]] = {
    "TOPIC": ("catalogue", of_topic),
    "NAME": ("name", of_text),
    "SENTENCE": ("sentence", of_text),
    "BOTH": ("both", of_text),
}


def samples(
    trial: EvaluationSet, way: str, look: Callable[[Corpus, Interest], Evidence], names: list[str]
) -> Iterator[Sample]:
    papers = trial.index.papers
    for judged, asked in trial.asked:
        if found := look(trial.index.corpus, asked[way]):
            wanted = [judged.grades.get(paper.key, 0) > 0 for paper in papers]
            yield np.column_stack([found[name] for name in names]), np.array(wanted)


def fit(found: Sequence[Sample]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression, fitted by Newton's method. The first column is the intercept."""
    rows, wanted = (np.concatenate(part) for part in zip(*found, strict=True))
    spread = np.maximum(rows.std(axis=0), 1e-6)
    spread[0] = 1.0
    scaled, weights, ridge = rows / spread, np.zeros(rows.shape[1]), RIDGE * np.eye(rows.shape[1])
    ridge[0, 0] = 0.0
    for _ in range(30):
        likely = 1 / (1 + np.exp(-scaled @ weights))
        curve = (scaled * (likely * (1 - likely))[:, None]).T @ scaled + ridge
        weights += np.linalg.solve(curve, scaled.T @ (wanted - likely) - ridge @ weights)
    return np.asarray(weights / spread)


def choice_of_others(found: Sequence[Sample]) -> ConfusionCounts:
    """Return the cross-validated quality of the selection for "balanced"."""
    right = wrong = missed = 0
    for part in range(LEFT_OUT):
        weights = fit([one for number, one in enumerate(found) if number % LEFT_OUT != part])
        for rows, wanted in found[part::LEFT_OUT]:
            chosen = rows @ weights >= scoring_weights.odds(scoring_weights.THRESHOLDS[scoring_weights.BALANCED])
            right += int((chosen & wanted).sum())
            wrong += int((chosen & ~wanted).sum())
            missed += int((~chosen & wanted).sum())
    return ConfusionCounts(right, wrong, missed)


def main(folder: str, *judgements: str) -> None:
    cache = settings.VAR_DIR / "evaluation.npz"
    trials = [evaluator.prepare(Path(path), Path(folder), cache=cache) for path in judgements]
    suffix = "" if trials[0].index.corpus.embedding_space else "_BY_WORDS"
    for name, (way, look) in FITTED.items():
        known: Any = getattr(scoring_weights, name + suffix)
        names = [
            "intercept",
            *(key for key, weight in known._asdict().items() if weight and key not in NOT_FITTED),
        ]
        found = [one for trial in trials for one in samples(trial, way, look, names)]
        weights = dict(zip(names, (round(float(weight), 2) for weight in fit(found)), strict=True))
        setattr(scoring_weights, name + suffix, known._replace(**weights))
        print(f"{name + suffix}: {weights}\n    of interests left out: {choice_of_others(found).as_json()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
