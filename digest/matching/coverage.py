"""How much of what a name or a sentence says a paper speaks of: BM25, as a share of the most there could be. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from digest.matching.findings import PaperText
from digest.matching.texts import fields_of
from digest.matching.words import COMMON_FAMILIES, WORD, families_of, family, fold

FIELD_WEIGHTS = {"title": 5.0, "abstract": 1.0, "keywords": 1.0}
SATURATION = 3.0  # k1: how many mentions are half of all there could be
LENGTH = 0.75  # b: how much a long text must say more often

# A day has few papers: how rare a word is comes from the day, and from what we know of the field beforehand.
BEFOREHAND = 200  # papers that this knowledge weighs as much as
SHARE_OF_COMMON = 0.3  # of papers that hold a common word
SHARE_OF_OTHERS = 0.01


class Coverage:
    """The words of a day's papers, by their families."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self._count = len(papers)
        self._papers = papers
        self._shares: dict[str, dict[int, float]] = defaultdict(dict)
        counts = [_count(paper) for paper in papers]
        average = sum(map(Counter.total, counts)) / max(1, len(counts)) or 1.0
        for number, words in enumerate(counts):
            least = SATURATION * (1 - LENGTH + LENGTH * words.total() / average)
            for word, times in words.items():
                self._shares[word][number] = times / (times + least)
        self._shares = dict(self._shares)
        self.rarity = lru_cache(maxsize=50_000)(self._rarity)
        self.words_of = lru_cache(maxsize=5_000)(self._words_of)
        self._written = lru_cache(maxsize=250)(self._read)  # papers, whose words take some 30 kilobytes each

    def of(self, text: str, least: float = 0.0) -> dict[int, float]:
        """For each paper (by its place) how much of `text` it covers, 0…1, where that can be `least` or more."""
        words = self.words_of(text)
        total = sum(weight for _, weight in words)
        missing, found = 0.0, defaultdict[int, float](float)
        for word, weight in words:
            # The rarest first: who has none of those that weigh too much to be missed need not be looked at.
            is_open = (total - missing) >= least * total
            for number, share in self._shares.get(word, {}).items():
                if is_open or number in found:
                    found[number] += weight * share
            missing += weight
        return {number: covered / total for number, covered in found.items() if covered >= least * total}

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

    def _words_of(self, text: str) -> list[tuple[str, float]]:
        """The families in `text` and what each weighs, the rarest first."""
        return sorted(((word, self.rarity(word)) for word in families_of(text)), key=lambda pair: -pair[1])

    def _rarity(self, word: str) -> float:
        beforehand = SHARE_OF_COMMON if word in COMMON_FAMILIES else SHARE_OF_OTHERS
        holding = len(self._shares.get(word, ()))
        share = (holding + beforehand * BEFOREHAND) / (self._count + BEFOREHAND)
        return -math.log(share)


def _count(paper: PaperText) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, text in fields_of(paper):
        weight = FIELD_WEIGHTS[name]
        for word, times in Counter(map(family, WORD.findall(fold(text)))).items():
            counts[word] += weight * times  # type: ignore[assignment]
    return counts
