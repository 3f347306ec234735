"""How much of what a name or a sentence says a paper speaks of: BM25, as a share of the most there could be. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digest.matching.phrase_index import fields_of
from digest.matching.tokens import COMMON_FAMILIES, WORD, families_of, family, fold
from digest.matching.types import PaperText

FIELD_WEIGHTS = {"title": 5.0, "abstract": 1.0, "keywords": 1.0}
SATURATION = 3.0  # k1: how many mentions are half of all there could be
LENGTH = 0.75  # b: how much a long text must say more often

# A day has few papers: how rare a word is comes from the day, and from what we know of the field beforehand.
BEFOREHAND = 200  # papers that this knowledge weighs as much as
SHARE_OF_COMMON = 0.3  # of papers that hold a common word
SHARE_OF_OTHERS = 0.01

Values = NDArray[np.float64]  # one for each paper, by its place


class Posting(NamedTuple):
    """The papers that hold a word, by their places, and how much of it each says: its rarity at most."""

    papers: NDArray[np.intp]
    weights: Values
    rarity: float  # how much the word weighs: the logarithm of one in how many papers holds it


class Bm25Index:
    """The words of a day's papers, by their families."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self._count = len(papers)
        self._papers = papers
        counts = [_count(paper) for paper in papers]
        average = sum(map(Counter.total, counts)) / max(1, len(counts)) or 1.0
        self._shares: dict[str, dict[int, float]] = defaultdict(dict)
        for number, words in enumerate(counts):
            least = SATURATION * (1 - LENGTH + LENGTH * words.total() / average)
            for word, times in words.items():
                self._shares[word][number] = times / (times + least)
        self._postings: dict[str, Posting] = {}  # of the words that were asked for: a search asks for few
        self._absent = {is_common: _posting({}, self._rarity(0, is_common)) for is_common in (False, True)}
        self._written = lru_cache(maxsize=250)(self._read)  # papers, whose words take some 30 kilobytes each

    def of(self, text: str) -> Values:
        """For each paper how much of `text` it covers, 0…1."""
        asked = [self._postings.get(word) or self._post(word) for word in families_of(text)]
        held = [posting for posting in asked if posting.papers.size]
        return self._sum(held) / sum([posting.rarity for posting in asked]) if held else np.zeros(self._count)

    def says_any(self, text: str) -> bool:
        """Whether any paper holds a word of `text`."""
        return any(word in self._shares for word in families_of(text))

    def sum(self, counts: Mapping[str, float], *, squared: bool = False) -> Values:
        """For each paper how much it says of the words in `counts`, each as often as that says; or its square."""
        held = []
        for word, count in counts.items():
            if word in self._shares:
                posting = self._posting(word)
                held.append(posting._replace(weights=count * (posting.weights**2 if squared else posting.weights)))
        return self._sum(held)

    def telling(self, text: str) -> float:
        """How much the words of `text` tell: the sum of their rarities."""
        return sum(map(self.rarity, families_of(text)))

    def rarity(self, word: str) -> float:
        """How much a family of words weighs."""
        return self._posting(word).rarity

    def written(self, text: str, number: int) -> list[tuple[str, str, str]]:
        """The words of a paper that belong to the families in `text`: as it writes them, the field, and the family.

        In the order of the paper.
        """
        words = self._written(number)
        found = sorted((words[one], one) for one in set(families_of(text)) if one in words)
        return [(word, name, one) for (_, word, name), one in found]

    def _read(self, number: int) -> dict[str, tuple[int, str, str]]:
        """Where each family of words comes first in a paper, as it is written there, and in which field."""
        found: dict[str, tuple[int, str, str]] = {}
        for name, value in fields_of(self._papers[number]):
            for word in WORD.finditer(value):
                found.setdefault(family(fold(word[0])), (len(found), word[0], name))
        return found

    def _sum(self, postings: Sequence[Posting]) -> Values:
        if not postings:
            return np.zeros(self._count)
        papers = np.concatenate([posting.papers for posting in postings])
        weights = np.concatenate([posting.weights for posting in postings])
        return np.bincount(papers, weights, self._count).astype(np.float64, copy=False)

    def _posting(self, word: str) -> Posting:
        return self._postings.get(word) or self._post(word)

    def _post(self, word: str) -> Posting:
        is_common = word in COMMON_FAMILIES
        shares = self._shares.get(word)
        if shares is None:
            return self._absent[is_common]
        self._postings[word] = _posting(shares, self._rarity(len(shares), is_common))
        return self._postings[word]

    def _rarity(self, holding: int, is_common: bool) -> float:
        beforehand = SHARE_OF_COMMON if is_common else SHARE_OF_OTHERS
        return -math.log((holding + beforehand * BEFOREHAND) / (self._count + BEFOREHAND))


def _posting(shares: Mapping[int, float], rarity: float) -> Posting:
    return Posting(np.array([*shares], np.intp), rarity * np.array([*shares.values()], np.float64), rarity)


def _count(paper: PaperText) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, text in fields_of(paper):
        weight = FIELD_WEIGHTS[name]
        for word, times in Counter(map(family, WORD.findall(fold(text)))).items():
            counts[word] += weight * times  # type: ignore[assignment]
    return counts
