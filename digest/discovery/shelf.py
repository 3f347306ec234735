"""Some days' papers: an index for each day, the words in them, and what is near to a phrase they don't hold. Pure."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from weakref import WeakKeyDictionary

from digest.learning import Rarity, rarity_among
from digest.matching import Index, Interest, PaperText, fold, match, stem
from digest.matching.words import STOP

ALIKE = 0.8  # of 1: how much of two words must be the same letters
SHORTEST = 4  # letters; shorter words are near to too many others

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Shelf:
    """Days and their indexes, the newest first."""

    days: tuple[tuple[dt.date, Index], ...]

    @property
    def indexes(self) -> list[Index]:
        return [index for _, index in self.days]

    @property
    def papers(self) -> list[PaperText]:
        return [paper for index in self.indexes for paper in index.papers]

    @cached_property
    def authors(self) -> set[str]:
        return {name for paper in self.papers for name in paper.authors}

    @cached_property
    def categories(self) -> set[str]:
        return {category for paper in self.papers for category in paper.categories}

    @cached_property
    def rarity(self) -> Rarity:
        """How telling a word is, by these papers."""
        return rarity_among(self.papers)

    def holding(self, phrase: str) -> int:
        """How many papers hold `phrase`."""
        return sum(len(index.with_any([phrase])) for index in self.indexes)

    def matching(self, interests: Iterable[Interest], amount: str, exclusions: Sequence[str] = ()) -> int:
        """How many papers any of `interests` asks for, as sure as `amount` wants it, and none of `exclusions`."""
        asked = list(interests)
        return sum(len(match(index, asked, exclusions, amount)) for index in self.indexes)

    def near(self, phrase: str, most: int) -> tuple[tuple[str, int], ...]:
        """What might have been meant by `phrase`, and how many papers hold that."""
        counted = ((near, self.holding(near)) for near in dict.fromkeys(self._near(phrase.split())))
        return tuple(islice(((near, papers) for near, papers in counted if papers), most))

    def _near(self, words: list[str]) -> Iterator[str]:
        """First as it may be spelt, then its parts, the longest first."""
        for word in words:
            yield from (" ".join(like if other == word else other for other in words) for like in self._like(word))
        for length in range(len(words) - 1, 0, -1):
            parts = (words[start : start + length] for start in range(len(words) - length + 1))
            yield from (" ".join(part) for part in parts if _may_stand(part))

    def _like(self, word: str) -> list[str]:
        """The words that are spelt nearly as `word`, the nearest first; none for one that occurs."""
        word = fold(word)
        vocabularies = [_vocabulary(index) for index in self.indexes]
        if len(word) < SHORTEST or any(stem(word) in words.stems for words in vocabularies):
            return []
        return get_close_matches(word, {near for words in vocabularies for near in words.near(word)}, 2, ALIKE)


def _may_stand(part: list[str]) -> bool:
    """Does it say something: neither “for agents” nor “this”?"""
    return not STOP & {fold(part[0]), fold(part[-1])} and any(len(word) >= SHORTEST for word in part)


class Vocabulary:
    """The words of some papers, as they write them, and their stems."""

    def __init__(self, papers: Iterable[PaperText]) -> None:
        texts = (f"{paper.title} {paper.abstract} {' '.join(paper.keywords)}" for paper in papers)
        words = {word for text in texts for word in _WORD.findall(fold(text))}
        self.stems = set(map(stem, words))
        self._by_beginning: dict[str, list[str]] = defaultdict(list)
        for word in sorted(words):
            self._by_beginning[word[0]].append(word)

    def near(self, word: str) -> Iterator[str]:
        """Those that begin alike and are as long, or nearly."""
        return (other for other in self._by_beginning.get(word[0], ()) if abs(len(other) - len(word)) <= 2)


# Made when first asked for, and gone with the index.
_vocabularies: WeakKeyDictionary[Index, Vocabulary] = WeakKeyDictionary()


def _vocabulary(index: Index) -> Vocabulary:
    if index not in _vocabularies:
        _vocabularies[index] = Vocabulary(index.papers)
    return _vocabularies[index]
