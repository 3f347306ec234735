"""The quality of topics that an editor makes from example papers.

    python -m benchmarks.made_topics DIR ARCHIVE JUDGEMENTS…

DIR and ARCHIVE hold recorded days, and JUDGEMENTS are files of graded interests. For each interest, an editor is
simulated on every other day of DIR: they give the name, the sentence and five papers with grade 2, keep the proposed
phrases, and answer whether the ten likeliest papers are on the topic. The topic is then judged on the other days, with
a catalogue that lacks its own topic. Interests with fewer than three papers of grade 2 on the editor's days, or of any
grade on the others, are left out. ARCHIVE gives the site's older papers.
"""

import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from digest.matching import Index, Interest  # noqa: E402
from digest.matching.assembly import text_of  # noqa: E402
from digest.personalization import embeddings  # noqa: E402
from digest.personalization.evaluation import evaluator  # noqa: E402
from digest.personalization.evaluation.evaluator import CachedEncoder, EvaluationSet  # noqa: E402
from digest.personalization.evaluation.metrics import (  # noqa: E402
    MAIN,
    ConfusionCounts,
    JudgedInterest,
    Ranking,
    add,
    average,
    judge_choice,
    judge_ranking,
)
from digest.search import rocchio, topic_phrases  # noqa: E402
from digest.sources.records import PaperRecord  # noqa: E402
from subscriptions.query.grammar import Criteria  # noqa: E402

EXAMPLES = 5
ASKED = 10
CLOSEST = 30  # papers of the archive that phrases are proposed from
LEAST = 3  # papers that an interest needs on either side

Half = list[PaperRecord]


class Simulation:
    """The papers of a site, and the editors who make topics from them."""

    def __init__(self, trial: EvaluationSet, archive: Half, encode: CachedEncoder | None) -> None:
        papers: Half = list(trial.index.papers)  # type: ignore[arg-type]  # the evaluator's are records
        days = sorted({paper.day for paper in papers if paper.day})
        first = set(days[::2])
        self.halves = (
            [paper for paper in papers if paper.day in first],
            [paper for paper in papers if paper.day not in first],
        )
        self._trial, self._encode = trial, encode
        known = {paper.key for paper in papers}
        self._archive = [paper for paper in archive if paper.key not in known]
        self._indexes = lru_cache(maxsize=60)(self._index)
        topics = trial.index.corpus.thesaurus.topics if trial.index.corpus.thesaurus else []
        self._whole = [evaluator.make_index(half, topics, self._archive, encode) for half in self.halves]

    def results(self) -> Iterator[tuple[Ranking, ConfusionCounts, float]]:
        """Yield the quality of each topic on the other days, and the share of right papers among those asked about."""
        for judged, queries in self._trial.asked:
            for editors, others in (self.halves, self.halves[::-1]):
                main = [paper for paper in editors if judged.grades.get(paper.key) == MAIN]
                grades = {paper.key: judged.grades.get(paper.key, 0) for paper in others}
                if len(main) >= LEAST and sum(grade > 0 for grade in grades.values()) >= LEAST:
                    yield self._simulate(judged, queries["catalogue"], editors is self.halves[0], main, grades)

    def _simulate(
        self, judged: JudgedInterest, own: Interest, is_first: bool, main: Half, grades: dict[str, int]
    ) -> tuple[Ranking, ConfusionCounts, float]:
        chance = random.Random(f"{judged.id} {is_first}")
        right = chance.sample(main, min(EXAMPLES, len(main)))
        here, there = self._indexes(own, is_first), self._indexes(own, not is_first)
        topic = self._learn(judged, right, [], here)
        given = {paper.key for paper in right}
        likeliest = [here.papers[number] for _, number in here.rank(topic) if here.papers[number].key not in given]
        asked: Half = likeliest[:ASKED]  # type: ignore[assignment]
        answers = [judged.grades.get(paper.key, 0) > 0 for paper in asked]
        right += [paper for paper, is_right in zip(asked, answers, strict=True) if is_right]
        wrong = [paper for paper, is_right in zip(asked, answers, strict=True) if not is_right]
        topic = self._learn(judged, right, wrong, here)
        order = [there.papers[number].key for _, number in there.rank(topic)]
        chosen = {there.papers[number].key for number in there.answer(topic).scores}
        return judge_ranking(order, grades), judge_choice(chosen, grades), float(np.mean(answers))

    def _learn(self, judged: JudgedInterest, right: Half, wrong: Half, recent: Index) -> Interest:
        about = f"{judged.name}: {judged.sentence}"
        topic = Interest(judged.name, Criteria(), about, vector=b"")
        close: Sequence[PaperRecord] = []
        if self._encode:
            vectors = self._encode([about, *map(text_of, (*right, *wrong))])
            learned = rocchio.moved(
                vectors[about],
                [vectors[text_of(paper)] for paper in right],
                [vectors[text_of(paper)] for paper in wrong],
                self._archive_vectors.mean(axis=0),
            )
            topic = replace(topic, vector=learned.astype(np.float16).tobytes())
            nearest = np.argsort(-(self._archive_vectors @ learned))[:CLOSEST]
            close = [self._archive[number] for number in nearest]

        def share(phrase: str) -> float:
            return (len(recent.with_any([phrase])) + 1) / (len(recent.papers) + topic_phrases.PRIOR_PAPERS)

        phrases = topic_phrases.propose(right, close, wrong, share)
        return replace(topic, criteria=Criteria(quoted=tuple(phrases) or (judged.name,)))

    @cached_property
    def _archive_vectors(self) -> "np.typing.NDArray[np.float32]":
        assert self._encode
        vectors = self._encode([text_of(paper) for paper in self._archive])
        return np.array([vectors[text_of(paper)] for paper in self._archive])

    def _index(self, own: Interest, is_first: bool) -> Index:
        """Return the index of one half of the days, with a catalogue without the topic `own`."""
        return evaluator.index_without_topic(self._whole[not is_first], own)


def main(folder: str, archive: str, *judgements: str) -> None:
    cache = settings.VAR_DIR / "evaluation.npz"
    encode = CachedEncoder(cache) if embeddings.is_available() else None
    older = [paper for records in evaluator.recorded_days(Path(archive)).values() for paper in records]
    for path in judgements:
        trial = evaluator.prepare(Path(path), Path(folder), cache=cache)
        results = list(Simulation(trial, older, encode).results())
        rankings, choices, rates = zip(*results, strict=True)
        print(f"{path}: {len(results)} topics, {average(rankings).as_json()}, choice {add(choices).as_json()}")
        print(f"    {np.mean(rates):.0%} of the papers that the editors were asked about were on the topic")
        if encode:
            encode.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
