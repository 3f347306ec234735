"""The weights of matching, fitted to graded judgements: `python -m benchmarks.fitted_weights DIR ARCHIVE JUDGEMENTS…`

DIR and ARCHIVE hold the recorded days, of the judged papers and of others. JUDGEMENTS are files of graded interests.
The command prints weights for `digest/matching/scoring_weights.py`. They are fitted by logistic regression; a paper is
wanted if its grade is 1 or 2. Names and sentences are fitted twice: to each interest with the catalogue's topic
for it, and without (`without_topics`). It also prints the quality of the choice for interests and days that were both
left out of the fit. Only weights that are not zero in `scoring_weights` are fitted, so give a new kind of evidence a
weight there to try it. `MATCH_BY_MEANING=0` fits the weights of matching by words alone.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import django
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from digest.matching import Interest, scoring, scoring_weights, text_questions  # noqa: E402
from digest.matching.bm25 import Values  # noqa: E402
from digest.matching.corpus import Corpus  # noqa: E402
from digest.personalization.evaluation import evaluator  # noqa: E402
from digest.personalization.evaluation.evaluator import EvaluationSet  # noqa: E402
from digest.personalization.evaluation.metrics import ConfusionCounts  # noqa: E402

Evidence = dict[str, Values]  # the feature of each weight, with one value for each paper


Sample = tuple[NDArray[np.float64], NDArray[np.bool_]]  # one interest: the features and the label of each paper

FOLDS = 5  # parts of the interests that are left out
PARTS, STRETCHES = 2, 5  # parts of the days that are left out, and stretches of days in each
NOT_FITTED = ("intercept", "without_topics", "in_catalogue")  # the intercept has a column of its own
RIDGE = 1.0  # strength of the ridge penalty on standardized features


def of_topic(corpus: Corpus, asked: Interest) -> Evidence:
    if asked.narrower:
        return {}  # a broader topic is scored by the weights of its narrower topics
    none = dict.fromkeys(scoring_weights.TOPIC._fields, 0.0)
    return {
        name: scoring.topic_odds(corpus, asked, scoring_weights.PhraseWeights(**(none | {name: 1.0}))) for name in none
    }


def of_text(corpus: Corpus, asked: Interest) -> Evidence:
    for question in text_questions.questions(corpus, asked.criteria, scoring_weights.odds(0)):
        evidence, ones = scoring.text_evidence(corpus, question), np.ones(len(corpus.papers))
        features = evidence.features
        if corpus.embedding_space and features.closeness is None:
            return {}  # a name of two words has no embedding, so it is scored by the weights of matching by words
        return {
            "intercept": ones,
            "words": features.words,
            "topics": evidence.on_topics,
            "closeness": _or_zeros(features.closeness, ones),
            "name": corpus.bm25_index.coverage(question.name),
            "expansion_closeness": _or_zeros(features.expansion_closeness, ones),
            "expansion_words": _or_zeros(features.expansion_words, ones),
        }
    return {}  # a name of one word is only matched as a phrase


def _or_zeros(values: NDArray[Any] | None, ones: Values) -> Values:
    return 0 * ones if values is None else values.astype(np.float64)


# Topics come first, because the scores of texts depend on the topics that they are about.
FITTED: dict[str, tuple[str, Callable[[Corpus, Interest], Evidence]]] = {
    "TOPIC": ("catalogue", of_topic),
    "NAME_ONLY": ("name", of_text),
    "SENTENCE": ("sentence", of_text),
    "NAME_AND_SENTENCE": ("both", of_text),
}


def samples(trial: EvaluationSet, name: str, names: list[str], *, has_topic: bool = True) -> Iterator[Sample]:
    """Yield the sample of each interest, with or without its topic in the catalogue."""
    way, look = FITTED[name]
    for judged, asked in trial.asked:
        index = trial.index if has_topic else evaluator.index_without_topic(trial.index, asked["catalogue"])
        if found := look(index.corpus, asked[way]):
            wanted = [judged.grades.get(paper.key, 0) > 0 for paper in index.papers]
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
    """Return the quality of the choice for "balanced", for interests and papers that were both left out of the fit."""
    threshold = scoring_weights.odds(scoring_weights.THRESHOLDS[scoring_weights.BALANCED])
    right = wrong = missed = 0
    for fold, part in product(range(FOLDS), range(PARTS)):
        others = [one for number, one in enumerate(found) if number % FOLDS != fold]
        weights = fit([(rows[~_days(len(rows), part)], wanted[~_days(len(rows), part)]) for rows, wanted in others])
        for rows, wanted in found[fold::FOLDS]:
            days = _days(len(rows), part)
            chosen = rows[days] @ weights >= threshold
            right += int((chosen & wanted[days]).sum())
            wrong += int((chosen & ~wanted[days]).sum())
            missed += int((~chosen & wanted[days]).sum())
    return ConfusionCounts(right, wrong, missed)


def _days(papers: int, part: int) -> NDArray[np.bool_]:
    """Return which papers are in this part of the days. They are in the order of the days."""
    stretches = np.arange(papers) * PARTS * STRETCHES // papers
    return np.asarray(stretches % PARTS == part)


def fitted(found: Sequence[Sample], names: Sequence[str]) -> dict[str, float]:
    return dict(zip(names, (round(float(weight), 2) for weight in fit(found)), strict=True))


def main(folder: str, archive: str, *judgements: str) -> None:
    cache = settings.VAR_DIR / "evaluation.npz"
    trials = [evaluator.prepare(Path(path), Path(folder), archive=Path(archive), cache=cache) for path in judgements]
    suffix = "" if trials[0].index.corpus.embedding_space else "_BY_WORDS"
    for name, (way, _) in FITTED.items():
        known: Any = getattr(scoring_weights, name + suffix)
        names = ["intercept", *(key for key, weight in known._asdict().items() if weight and key not in NOT_FITTED)]
        found = [one for trial in trials for one in samples(trial, name, names)]
        known = known._replace(**fitted(found, names))
        print(f"{name + suffix}: of interests left out: {choice_of_others(found).as_json()}")
        if way != "catalogue":
            found = [one for trial in trials for one in samples(trial, name, names, has_topic=False)]
            without_topics: Any = scoring_weights.TextWeights(0.0, 0.0, 0.0)
            known = known._replace(without_topics=without_topics._replace(**fitted(found, names)))
            print(f"    without their topics: {choice_of_others(found).as_json()}")
        setattr(scoring_weights, name + suffix, known)
        print(f"    {known}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
