"""How well matching does, by graded judgements: which papers a reader with a given interest wants. Pure.

A grade is 2 where the paper is mainly about the interest, 1 where that is a real but lesser part, else 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

MAIN = 2  # the grade of what a reader surely wants


@dataclass(frozen=True)
class Judged:
    """An interest, and the grade of each paper that was judged, by key; all others count as 0."""

    id: str
    name: str
    sentence: str
    topic: str  # slug or name in the catalogue; nothing: the closest to what the interest says
    grades: dict[str, int]


@dataclass(frozen=True)
class Ranking:
    """How good an order of all papers is for one interest, or on average for several; each 0…1."""

    ndcg: float  # of the first 10
    precision: float  # of the first 5, grade 2
    recall: float  # in the first 20, grade 2

    def as_json(self) -> dict[str, float]:
        figures = {"ndcg@10": self.ndcg, "p@5": self.precision, "recall@20": self.recall}
        return {name: round(figure, 4) for name, figure in figures.items()}


@dataclass(frozen=True)
class Choice:
    """What a yes or no for each paper got right and wrong, in papers; of several interests added up."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)

    def as_json(self) -> dict[str, float]:
        return {name: round(getattr(self, name), 4) for name in ("precision", "recall", "f1")}


def read(document: Any) -> list[Judged]:
    """The judgements in a parsed JSON document. Raises ValueError, saying what is wrong with it."""
    try:
        return [
            Judged(
                id=_text(entry["id"]),
                name=_text(entry["name"]),
                sentence=_text(entry["description"]),
                topic=_text(entry.get("topic") or ""),
                grades={_key(paper): _grade(grade) for paper, grade in entry["grades"].items()},
            )
            for entry in document["interests"]
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        expected = '{"interests": [{"id", "name", "description", "grades": {"2607.09020": 2}}]}'
        raise ValueError(f"not judgements of the form {expected}: {type(error).__name__}: {error}") from error


def judge_ranking(order: Sequence[str], grades: dict[str, int]) -> Ranking:
    """How good it is to show the papers in this `order` of their keys."""
    main = [key for key, grade in grades.items() if grade == MAIN]
    ideal = _gain(sorted(grades.values(), reverse=True))
    return Ranking(
        ndcg=_gain([grades.get(key, 0) for key in order]) / ideal if ideal else 0.0,
        precision=sum(grades.get(key) == MAIN for key in order[:5]) / max(1, min(5, len(main))),
        recall=sum(key in order[:20] for key in main) / max(1, len(main)),
    )


def judge_choice(chosen: set[str], grades: dict[str, int]) -> Choice:
    """What is right and wrong about choosing just these."""
    wanted = {key for key, grade in grades.items() if grade > 0}
    return Choice(len(chosen & wanted), len(chosen - wanted), len(wanted - chosen))


def average(rankings: Sequence[Ranking]) -> Ranking:
    return Ranking(*(fmean(getattr(each, name) for each in rankings) for name in ("ndcg", "precision", "recall")))


def add(choices: Sequence[Choice]) -> Choice:
    return Choice(*(sum(getattr(each, name) for each in choices) for name in ("right", "wrong", "missed")))


def _gain(grades: Sequence[int], first: int = 10) -> float:
    """Discounted cumulative gain, with 2^grade - 1 as the gain."""
    return sum((2.0**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades[:first]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _grade(value: Any) -> int:
    if value not in (0, 1, MAIN):
        raise ValueError(f"{value!r} is not a grade: those are 0, 1 and 2")
    return int(value)


def _key(paper: str) -> str:
    return paper if ":" in paper else f"arxiv:{paper}"
