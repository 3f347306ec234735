"""A reader's list: the best of what their interests found, never an average. Pure."""

from collections.abc import Iterable, Sequence

from digest.matching.findings import Interest, Match
from digest.matching.index import Answer, Index
from digest.matching.judging import BALANCED, LEAST


def match(
    index: Index, interests: Iterable[Interest], exclusions: Iterable[str] = (), amount: str = BALANCED
) -> list[Match]:
    """The papers that any of `interests` asks for, best first. `exclusions` hold for all of them."""
    return choose(index, tuple(interests), exclusions, amount, len(index.papers))[0]


def choose(
    index: Index, interests: Sequence[Interest], exclusions: Iterable[str], amount: str, most: int
) -> tuple[list[Match], int]:
    """The `most` papers to show of those that any of `interests` asks for, best first; how many there are in all."""
    answers = [index.answer(interest, amount) for interest in interests]
    excluded = index.with_any(exclusions)
    wanted = set().union(*(answer.scores for answer in answers)) - excluded
    scores = _best(answers, wanted)
    if len(wanted) > most:
        lists = [[pair for pair in answer.ranked if pair[1] in wanted] for answer in answers]
        scores = {number: scores[number] for number in _share(lists, most, amount)}
    best_first = sorted(scores.items(), key=_by_score)
    return [_match(index, interests, answers, number, score) for number, score in best_first], len(wanted)


def share(matches: Sequence[Match], most: int, amount: str) -> list[Match]:
    """The `most` of `matches` to show, in their order."""
    if len(matches) <= most:
        return list(matches)
    by_interest: dict[str, list[tuple[float, int]]] = {}
    for place, found in enumerate(matches):
        by_interest.setdefault(found.findings[0].interest, []).append((found.score, place))
    return [matches[place] for place in sorted(_share(list(by_interest.values()), most, amount))]


def _best(answers: Sequence[Answer], wanted: set[int]) -> dict[int, float]:
    """The best score of each paper."""
    scores: dict[int, float] = {}
    for answer in answers:
        for score, number in answer.ranked:
            if number in wanted and score > scores.get(number, 0.0):
                scores[number] = score
    return scores


def _share(lists: list[list[tuple[float, int]]], most: int, amount: str) -> set[int]:
    """The papers for `most` places, out of one list for each interest, its best paper first.

    Each further paper of an interest counts for less than the one before: after half of the places its best counts
    for less than anything that another interest asks for. So no topic takes all places where others have something.
    """
    fairness = LEAST[amount] ** (2 / most)
    counts = [1.0] * len(lists)
    places = [0] * len(lists)
    chosen: set[int] = set()
    while len(chosen) < most:
        best, value = 0, -1.0
        for number, pairs in enumerate(lists):
            place = places[number]
            while place < len(pairs) and pairs[place][1] in chosen:
                place += 1
            places[number] = place
            if place < len(pairs) and pairs[place][0] * counts[number] > value:
                best, value = number, pairs[place][0] * counts[number]
        chosen.add(lists[best][places[best]][1])
        counts[best] *= fairness
    return chosen


def _match(index: Index, interests: Sequence[Interest], answers: Sequence[Answer], number: int, score: float) -> Match:
    found = [
        index.finding(interest, number, answer.scores[number])
        for interest, answer in zip(interests, answers, strict=True)
        if number in answer.scores
    ]
    return Match(index.papers[number], score, tuple(sorted(found, key=lambda finding: -finding.score)))


def _by_score(pair: tuple[int, float]) -> tuple[float, int]:
    return -pair[1], pair[0]
