"""Metrics of matching (nDCG, precision, recall, F1) against graded judgements. Pure.

A judgement grades how much a reader with a given interest wants a paper: 2 if the paper is mainly about the interest,
1 if the interest is a real but lesser part of it, and 0 otherwise.
"""

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from digest.paper_keys import arxiv_key

MAIN = 2  # the grade of what a reader surely wants
NEEDED = ("id", "name", "description", "grades")
FORM = '{"id": "worlds", "name": "World models", "description": "…", "grades": {"2607.09020": 2}}'


@dataclass(frozen=True)
class JudgedInterest:
    """An interest, with the grades of papers by key. Papers without a grade count as 0."""

    id: str
    name: str
    sentence: str
    topic: str  # slug or name in the catalogue; if empty, the topic that is nearest to the interest
    grades: dict[str, int]


@dataclass(frozen=True)
class Ranking:
    """The quality of a ranking of all papers for one interest, or the average over several; each value is 0…1."""

    ndcg: float  # nDCG@10
    precision: float  # precision@5 of papers with grade 2
    recall: float  # recall@20 of papers with grade 2

    def as_json(self) -> dict[str, float]:
        figures = {"ndcg@10": self.ndcg, "p@5": self.precision, "recall@20": self.recall}
        return {name: round(figure, 4) for name, figure in figures.items()}


@dataclass(frozen=True)
class ConfusionCounts:
    """The quality of a selection of papers for one interest, or the sum over several."""

    right: int  # true positives
    wrong: int  # false positives
    missed: int  # false negatives

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


def read(document: Any) -> list[JudgedInterest]:
    """Return the judgements in a parsed JSON document. Raise ValueError that says what is wrong, and where."""
    listed = document.get("interests") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError(f'it is not judgements of the form {{"interests": [{FORM}, …]}}')
    judged = [_interest(f"interest {number}", entry) for number, entry in enumerate(listed, 1)]
    first: dict[str, int] = {}
    for number, one in enumerate(judged, 1):
        if first.setdefault(one.id, number) != number:
            raise ValueError(
                f"{_label(f'interest {number}', one.name)}: it has the id “{one.id}” of interest {first[one.id]}. "
                "Give each its own, or take one out"
            )
    return judged


def _interest(place: str, entry: Any) -> JudgedInterest:
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: {_as_json(entry)} is no interest. Write {FORM}")
    place = _label(place, entry.get("name"))
    if missing := [key for key in NEEDED if key not in entry]:
        raise ValueError(f"{place}: it has no {' and no '.join(missing)}. Write {FORM}")
    topic = entry.get("topic") or ""
    if not isinstance(topic, str):
        raise ValueError(f"{place}: {_as_json(topic)} is no topic. Write its slug or name in quotes, or leave it out")
    id, name, sentence = (_text(place, key, entry[key]) for key in NEEDED[:3])
    return JudgedInterest(id, name, sentence, topic, _grades(place, entry["grades"]))


def _label(place: str, name: Any) -> str:
    return f"{place} (“{name.strip()}”)" if isinstance(name, str) and name.strip() else place


def judge_ranking(order: Sequence[str], grades: dict[str, int]) -> Ranking:
    """Return the quality of a ranking, given as the papers' keys in `order`."""
    main = [key for key, grade in grades.items() if grade == MAIN]
    ideal = _gain(sorted(grades.values(), reverse=True))
    return Ranking(
        ndcg=_gain([grades.get(key, 0) for key in order]) / ideal if ideal else 0.0,
        precision=sum(grades.get(key) == MAIN for key in order[:5]) / max(1, min(5, len(main))),
        recall=sum(key in order[:20] for key in main) / max(1, len(main)),
    )


def judge_choice(chosen: set[str], grades: dict[str, int]) -> ConfusionCounts:
    """Return the quality of selecting the papers in `chosen` (keys)."""
    wanted = {key for key, grade in grades.items() if grade > 0}
    return ConfusionCounts(len(chosen & wanted), len(chosen - wanted), len(wanted - chosen))


def average(rankings: Sequence[Ranking]) -> Ranking:
    return Ranking(*(fmean(getattr(each, name) for each in rankings) for name in ("ndcg", "precision", "recall")))


def add(choices: Sequence[ConfusionCounts]) -> ConfusionCounts:
    return ConfusionCounts(*(sum(getattr(each, name) for each in choices) for name in ("right", "wrong", "missed")))


def _gain(grades: Sequence[int], first: int = 10) -> float:
    """Return the discounted cumulative gain of the `first` papers, with 2^grade - 1 as the gain."""
    return sum((2.0**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades[:first]))


def _text(place: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place}: {_as_json(value)} is no {key}. Write a text in quotes")
    if not value.strip():
        raise ValueError(f"{place}: its {key} is empty. Write one")
    return value


def _grades(place: str, given: Any) -> dict[str, int]:
    if not isinstance(given, dict):
        raise ValueError(f'{place}: {_as_json(given)} is not grades. Write them by paper: {{"2607.09020": 2}}')
    grades: dict[str, int] = {}
    for paper, grade in given.items():
        if type(grade) is not int or grade not in (0, 1, MAIN):  # True is 1 to Python
            raise ValueError(f"{place}: {_as_json(grade)} is not a grade of paper {paper}. Write 0, 1 or 2")
        if (key := _key(paper)) in grades:
            raise ValueError(f"{place}: paper {paper} has two grades. Leave one")
        grades[key] = grade
    return grades


def _key(paper: str) -> str:
    return paper if ":" in paper else arxiv_key(paper)


def _as_json(value: Any) -> str:
    """Return `value` as JSON writes it, shortened."""
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else reprlib.repr(value)
