"""Selection of a reader's papers from the answers for all their interests. Pure."""

from collections.abc import Iterable, Sequence

from digest.matching.index import Answer, Index
from digest.matching.scoring_weights import BALANCED, THRESHOLDS
from digest.matching.types import Interest, Match


def match(
    index: Index, interests: Iterable[Interest], exclusions: Iterable[str] = (), amount: str = BALANCED
) -> list[Match]:
    """Return the papers that any of `interests` matches, best first. `exclusions` apply to all of them."""
    return choose(index, tuple(interests), exclusions, amount, len(index.papers))[0]


def choose(
    index: Index, interests: Sequence[Interest], exclusions: Iterable[str], amount: str, most: int
) -> tuple[list[Match], int]:
    """Return at most `most` of the papers that any of `interests` matches, best first, and how many match in all."""
    return choose_from(index, answers_of(index, interests, amount), exclusions, amount, most)


def answers_of(index: Index, interests: Iterable[Interest], amount: str) -> list[Answer]:
    """Return the answers of the interests that match any paper."""
    return [answer for interest in interests if (answer := index.answer(interest, amount)).scores]


def choose_from(
    index: Index, answers: Sequence[Answer], exclusions: Iterable[str], amount: str, most: int
) -> tuple[list[Match], int]:
    """Return at most `most` of the papers in `answers`, best first, and how many there are in all."""
    if exclusions:
        excluded = index.with_any(exclusions)
        answers = [answer.without(excluded) for answer in answers]
    scores = _best(answers)
    if len(answers) == 1 and len(scores) <= most:
        return [answers[0].found.match(number, score) for number, score in scores.items()], len(scores)
    shown = (
        scores
        if len(scores) <= most
        else _choose_fairly([list(answer.scores.items()) for answer in answers], most, amount)
    )
    best_first = sorted([(-scores[number], number) for number in shown])
    return [_match(index, answers, number, -negative) for negative, number in best_first], len(scores)


def share_fairly(matches: Sequence[Match], most: int, amount: str) -> list[Match]:
    """Return at most `most` of `matches`, shared fairly among their interests, in the given order."""
    if len(matches) <= most:
        return list(matches)
    by_interest: dict[str, list[tuple[int, float]]] = {}
    for place, found in enumerate(matches):
        by_interest.setdefault(found.findings[0].interest, []).append((place, found.score))
    return [matches[place] for place in sorted(_choose_fairly(list(by_interest.values()), most, amount))]


def _best(answers: Sequence[Answer]) -> dict[int, float]:
    """Return the best score of each paper."""
    if len(answers) == 1:
        return answers[0].scores
    scores: dict[int, float] = {}
    for answer in answers:
        for number, score in answer.scores.items():
            if score > scores.get(number, 0.0):
                scores[number] = score
    return scores


def _choose_fairly(lists: Sequence[Sequence[tuple[int, float]]], most: int, amount: str) -> set[int]:
    """Return `most` papers out of the ranked candidates of each interest.

    The scores of an interest are discounted more with each of its papers that is chosen. Once it has half of the
    places, its best candidate scores less than any candidate of another interest. So one topic cannot take all places
    if others have candidates.
    """
    fairness = THRESHOLDS[amount] ** (2 / most)
    counts = [1.0] * len(lists)
    places = [0] * len(lists)
    chosen: set[int] = set()
    while len(chosen) < most:
        best, value = 0, -1.0
        for number, pairs in enumerate(lists):
            place = places[number]
            while place < len(pairs) and pairs[place][0] in chosen:
                place += 1
            places[number] = place
            if place < len(pairs) and pairs[place][1] * counts[number] > value:
                best, value = number, pairs[place][1] * counts[number]
        chosen.add(lists[best][places[best]][0])
        counts[best] *= fairness
    return chosen


def _match(index: Index, answers: Sequence[Answer], number: int, score: float) -> Match:
    holding = [answer for answer in answers if number in answer.scores]
    if len(holding) == 1:
        return holding[0].found.match(number, score)
    findings = [answer.found.finding(number, answer.scores[number]) for answer in holding]
    return Match(index.papers[number], score, tuple(sorted(findings, key=lambda finding: -finding.score)))
