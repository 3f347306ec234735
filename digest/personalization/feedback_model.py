"""What a reader's likes say of the papers they want: small, bounded, and plain to see. Pure.

Each filter learns on its own, from the papers that it brought: a reader may want theory in one topic and applications
in another. What papers have in common (words and pairs of words, authors, categories) gets a weight by how much more
often it stands in those that were liked than in those that were not, drawn towards nothing while few were, and the
less the more papers have it anyway. The odds that a match is wanted are at most doubled or halved by it: the order
changes, and no match is lost by that. “Fewer of this topic” does take matches away: each time it is said, the topic
gets half the places.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise

from digest.matching import Finding, Match, PaperText, Reason, fold, stem
from digest.matching.tokens import STOP
from digest.personalization import feature_labels

SHRINK = 2  # opinions that must come together before a weight is worth half
MOST_WEIGHTS = 80  # of one filter
LEAST_WEIGHT = 0.03
IN_THE_ABSTRACT = 0.5  # how much a word there is worth, against one in the title
AN_AUTHOR = 0.5
MOST_EFFECT = 2.0  # times the odds
ENOUGH = 100  # papers, to say what is rare: of fewer, not all can be usual
TOLD = 2  # things named as the reason why a match moved
NOTABLE = 0.25  # of 1: an effect that is worth a reason

Rarity = Callable[[str], float]


@dataclass(frozen=True)
class FilterModel:
    """What was learnt for one filter."""

    weights: Mapping[str, float]  # of features such as word:image generation, author:Ada Lovelace; -1 … 1
    fewer: int = 0  # how often less of it was asked for

    def effect(self, paper: PaperText) -> float:
        """How much the reader should like `paper`, from -1 to 1."""
        found = features(paper)
        return math.tanh(sum(weight * found.get(feature, 0.0) for feature, weight in self.weights.items()))

    def telling(self, paper: PaperText, sign: float) -> list[str]:
        """What speaks most for `paper`, or with a negative `sign` against it, as it writes that."""
        found = [feature for feature in features(paper) if self.weights.get(feature, 0.0) * sign > 0]
        strongest = sorted(found, key=lambda feature: (-abs(self.weights[feature]), feature))
        words = feature_labels.written_forms([paper])
        return list(islice(filter(None, (feature_labels.label_of(feature, words) for feature in strongest)), TOLD))

    def places(self, of: int) -> int:
        """How many of a mail's places this filter may take alone."""
        return max(1, of >> self.fewer)


@dataclass(frozen=True)
class FeedbackModel:
    """What was learnt for each of a reader's filters, by the names of their interests."""

    lessons: Mapping[str, FilterModel]

    def apply(self, matches: Iterable[Match], places: int) -> list[Match]:
        """`matches` in the order in which this reader wants them, for a mail with so many `places`."""
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
        """Whether a filter that found `match` has a place left: one that is not held back always has."""
        names = [finding.interest for finding in match.findings]
        held = [name for name in names if name in self.lessons and self.lessons[name].fewer]
        if len(held) < len(names):
            return True
        free = [name for name in held if taken[name] < self.lessons[name].places(places)]
        taken.update(free[:1])
        return bool(free)

    def _explained(self, match: Match) -> Match:
        """With one more finding, which says what moved it, where that was much."""
        effects = {finding.interest: self._effect(finding.interest, match.paper) for finding in match.findings}
        name = max(effects, key=lambda name: abs(effects[name]), default="")
        if abs(effects.get(name, 0.0)) < NOTABLE:
            return match
        told = self.lessons[name].telling(match.paper, effects[name])
        if not told:
            return match
        where = "liked" if effects[name] > 0 else "disliked"
        reasons = tuple(Reason("", "taste", found, where, 0) for found in told)
        return replace(match, findings=(*match.findings, Finding("", 0, reasons)))


def _shifted(score: float, effect: float) -> float:
    """A probability with its odds multiplied; other scores, such as votes, are multiplied themselves."""
    factor: float = MOST_EFFECT**effect
    return score * factor / (1 - score + score * factor) if 0 < score < 1 else score * factor


def learn(liked: Sequence[PaperText], disliked: Sequence[PaperText], rarity: Rarity) -> dict[str, float]:
    """The weights of what these papers have in common, the strongest first."""
    good, bad = _sums(liked), _sums(disliked)
    weights = {
        feature: round(rarity(feature) * (good[feature] - bad[feature]) / (good[feature] + bad[feature] + SHRINK), 3)
        for feature in {**good, **bad}
    }
    strongest = sorted(weights, key=lambda feature: (-abs(weights[feature]), feature))[:MOST_WEIGHTS]
    return {feature: weights[feature] for feature in strongest if abs(weights[feature]) >= LEAST_WEIGHT}


def rarity_among(papers: Iterable[PaperText]) -> Rarity:
    """How telling a feature is: 1 where none of `papers` has it, 0 where all do, and they are enough to say so."""
    counted = list(papers)
    having = Counter(feature for paper in counted for feature in features(paper))
    most = math.log1p(max(len(counted), ENOUGH))
    return lambda feature: 1 - math.log1p(having[feature]) / most


def features(paper: PaperText) -> Mapping[str, float]:
    """What a paper may have in common with others, and how much of it it has."""
    titles = (paper.title, *paper.keywords)
    return _features(titles, paper.abstract, tuple(paper.authors), tuple(paper.categories))


@lru_cache(maxsize=2000)  # one day's papers are weighed for many readers
def _features(
    titles: tuple[str, ...], abstract: str, authors: tuple[str, ...], categories: tuple[str, ...]
) -> Mapping[str, float]:
    # Who did it, and whose laboratory: first and last of many.
    return {
        **dict.fromkeys(_words(abstract), IN_THE_ABSTRACT),
        **dict.fromkeys((word for title in titles for word in _words(title)), 1.0),
        **dict.fromkeys((f"author:{name}" for name in (*authors[:1], *authors[-1:])), AN_AUTHOR),
        **dict.fromkeys((f"category:{name}" for name in categories), 1.0),
    }


def _words(text: str) -> Iterator[str]:
    words = feature_labels.WORD.findall(fold(text))
    yield from (f"word:{stem(word)}" for word in words if word not in STOP)
    pairs = ((one, two) for one, two in pairwise(words) if one not in STOP and two not in STOP)
    yield from (f"word:{stem(one)} {stem(two)}" for one, two in pairs)


def _sums(papers: Iterable[PaperText]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for paper in papers:
        for feature, share in features(paper).items():
            sums[feature] += share
    return sums
