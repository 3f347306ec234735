"""The features of a paper, and how rare each is: words, pairs of words, authors and categories. Pure.

They find papers that share what is distinctive about another paper. Learning from likes has `word_features`.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from digest.matching import PaperText, fold, stem
from digest.text.stop_words import STOP_WORDS

MAX_WEIGHTS = 80  # of one paper
MIN_WEIGHT = 0.03
IN_THE_ABSTRACT = 0.5  # strength of a word; one in the title has 1
AN_AUTHOR = 0.5  # strength
ENOUGH = 100  # papers; among fewer, a feature that all have still counts as somewhat rare

Rarity = Callable[[str], float]

_WORD = re.compile(r"[^\W\d_][^\W_]+")


def distinctive(paper: PaperText, rarity: Rarity) -> dict[str, float]:
    """Return the weights of the paper's distinctive features, the strongest first."""
    found = features(paper)
    weights = {feature: rarity(feature) * share / (share + 2) for feature, share in found.items()}
    strongest = sorted(weights, key=lambda feature: (-weights[feature], feature))[:MAX_WEIGHTS]
    return {feature: weights[feature] for feature in strongest if weights[feature] >= MIN_WEIGHT}


def similarity(weights: Mapping[str, float], paper: PaperText) -> float:
    """Return how much `paper` has of the features with these weights."""
    found = features(paper)
    return sum(weight * found.get(feature, 0.0) for feature, weight in weights.items())


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


@lru_cache(maxsize=2000)  # the papers of the last days are compared with many others
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
    words = _WORD.findall(fold(text))
    yield from (f"word:{stem(word)}" for word in words if word not in STOP_WORDS)
    pairs = ((one, two) for one, two in pairwise(words) if one not in STOP_WORDS and two not in STOP_WORDS)
    yield from (f"word:{stem(one)} {stem(two)}" for one, two in pairs)
