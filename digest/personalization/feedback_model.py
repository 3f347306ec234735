"""A model of what a reader's feedback says about the papers they want: small, bounded and explainable. Pure.

Each filter learns on its own, from the papers that it found, because a reader may want theory in one topic and
applications in another. Features are words, pairs of words, authors and categories. A feature's weight grows with the
difference between liked and disliked papers that have it. Few opinions and common features make weights smaller. A
model at most doubles or halves the odds that a match is wanted, so it changes the order and removes no match. Only
“Fewer of this topic” removes matches: each click halves the slots of that topic.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise

from digest.matching import Finding, Match, PaperText, Reason, fold, stem
from digest.personalization import feature_labels
from digest.text.stop_words import STOP_WORDS

SHRINK = 2  # opinions for half of the full weight
MAX_WEIGHTS = 80  # of one filter
MIN_WEIGHT = 0.03
IN_THE_ABSTRACT = 0.5  # strength of a word; one in the title has 1
AN_AUTHOR = 0.5  # strength
MAX_EFFECT = 2.0  # factor of the odds
ENOUGH = 100  # papers; among fewer, a feature that all have still counts as somewhat rare
MAX_LABELS = 2  # in the reason why a match moved
NOTABLE = 0.25  # of 1; a smaller effect gets no reason

Rarity = Callable[[str], float]


@dataclass(frozen=True)
class FilterModel:
    """The model of one filter."""

    weights: Mapping[str, float]  # by feature, such as word:image generation or author:Ada Lovelace; from -1 to 1
    fewer: int = 0  # clicks on “Fewer of this topic”

    def effect(self, paper: PaperText) -> float:
        """Return how much the reader should like `paper`, from -1 to 1."""
        found = features(paper)
        return math.tanh(sum(weight * found.get(feature, 0.0) for feature, weight in self.weights.items()))

    def telling(self, paper: PaperText, sign: float) -> list[str]:
        """Return the labels of the strongest features for `paper`, or against it if `sign` is negative."""
        found = [feature for feature in features(paper) if self.weights.get(feature, 0.0) * sign > 0]
        strongest = sorted(found, key=lambda feature: (-abs(self.weights[feature]), feature))
        words = feature_labels.written_forms([paper])
        return list(
            islice(filter(None, (feature_labels.label_of(feature, words) for feature in strongest)), MAX_LABELS)
        )

    def places(self, total: int) -> int:
        """Return how many of an email's `total` places papers of this filter alone may take."""
        return max(1, total >> self.fewer)


@dataclass(frozen=True)
class FeedbackModel:
    """The models of a reader's filters, by the names of their interests."""

    lessons: Mapping[str, FilterModel]

    def apply(self, matches: Iterable[Match], places: int) -> list[Match]:
        """Return `matches` in the order that the reader prefers, for an email with this many `places`."""
        taken: Counter[str] = Counter()
        kept = [match for match in self._ordered(matches) if self._has_room(match, taken, places)]
        return [self._explained(match) for match in kept]

    def _ordered(self, matches: Iterable[Match]) -> list[Match]:
        return sorted(map(self._weighed, matches), key=lambda match: -match.score)

    def _weighed(self, match: Match) -> Match:
        moved = (_shifted(finding.score, self._effect(finding.interest, match.paper)) for finding in match.findings)
        return replace(match, score=max(moved, default=match.score))

    def _effect(self, interest: str, paper: PaperText) -> float:
        lesson = self.lessons.get(interest)
        return lesson.effect(paper) if lesson else 0.0

    def _has_room(self, match: Match, taken: Counter[str], places: int) -> bool:
        """Take a place for `match`, and return whether there was one. A filter without “fewer” has no limit."""
        names = [finding.interest for finding in match.findings]
        limited = [name for name in names if name in self.lessons and self.lessons[name].fewer]
        if len(limited) < len(names):
            return True
        free = [name for name in limited if taken[name] < self.lessons[name].places(places)]
        taken.update(free[:1])
        return bool(free)

    def _explained(self, match: Match) -> Match:
        """Return `match` with one more finding that explains the effect on it, if the effect is notable."""
        effects = {finding.interest: self._effect(finding.interest, match.paper) for finding in match.findings}
        name = max(effects, key=lambda name: abs(effects[name]), default="")
        if abs(effects.get(name, 0.0)) < NOTABLE:
            return match
        labels = self.lessons[name].telling(match.paper, effects[name])
        if not labels:
            return match
        where = "liked" if effects[name] > 0 else "disliked"
        reasons = tuple(Reason("", "taste", label, where, 0) for label in labels)
        return replace(match, findings=(*match.findings, Finding("", 0, reasons)))


def _shifted(score: float, effect: float) -> float:
    """Return a probability with its odds multiplied. Multiply other scores, such as votes, themselves."""
    factor: float = MAX_EFFECT**effect
    return score * factor / (1 - score + score * factor) if 0 < score < 1 else score * factor


def learn(liked: Sequence[PaperText], disliked: Sequence[PaperText], rarity: Rarity) -> dict[str, float]:
    """Return the weights of the features of these papers, the strongest first."""
    good, bad = _sums(liked), _sums(disliked)
    weights = {
        feature: round(rarity(feature) * (good[feature] - bad[feature]) / (good[feature] + bad[feature] + SHRINK), 3)
        for feature in {**good, **bad}
    }
    strongest = sorted(weights, key=lambda feature: (-abs(weights[feature]), feature))[:MAX_WEIGHTS]
    return {feature: weights[feature] for feature in strongest if abs(weights[feature]) >= MIN_WEIGHT}


def rarity_among(papers: Iterable[PaperText]) -> Rarity:
    """Return a function that gives each feature's rarity: 1 if none of `papers` has it, near 0 if all of many do."""
    counted = list(papers)
    having = Counter(feature for paper in counted for feature in features(paper))
    most = math.log1p(max(len(counted), ENOUGH))
    return lambda feature: 1 - math.log1p(having[feature]) / most


def features(paper: PaperText) -> Mapping[str, float]:
    """Return the features of `paper`, each with its strength."""
    titles = (paper.title, *paper.keywords)
    return _features(titles, paper.abstract, tuple(paper.authors), tuple(paper.categories))


@lru_cache(maxsize=2000)  # a day's papers are scored for many readers
def _features(
    titles: tuple[str, ...], abstract: str, authors: tuple[str, ...], categories: tuple[str, ...]
) -> Mapping[str, float]:
    # The first author usually did the work, and the last one leads the laboratory.
    return {
        **dict.fromkeys(_words(abstract), IN_THE_ABSTRACT),
        **dict.fromkeys((word for title in titles for word in _words(title)), 1.0),
        **dict.fromkeys((f"author:{name}" for name in (*authors[:1], *authors[-1:])), AN_AUTHOR),
        **dict.fromkeys((f"category:{name}" for name in categories), 1.0),
    }


def _words(text: str) -> Iterator[str]:
    words = feature_labels.WORD.findall(fold(text))
    yield from (f"word:{stem(word)}" for word in words if word not in STOP_WORDS)
    pairs = ((one, two) for one, two in pairwise(words) if one not in STOP_WORDS and two not in STOP_WORDS)
    yield from (f"word:{stem(one)} {stem(two)}" for one, two in pairs)


def _sums(papers: Iterable[PaperText]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for paper in papers:
        for feature, share in features(paper).items():
            sums[feature] += share
    return sums
