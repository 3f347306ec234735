"""Some days' papers: an index for each day, the words in them, and what is near to a phrase they don't hold. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from weakref import WeakKeyDictionary

from digest.matching import Index, Interest, PaperText, match
from digest.personalization.feedback_model import Rarity, rarity_among
from digest.search import spelling
from digest.search.spelling import KnownWords
from subscriptions.query.grammar import Criteria


@dataclass(frozen=True)
class RecentPapers:
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

    def written_by(self, author: str) -> int:
        """How many papers are by `author`."""
        return self.matching([Interest("", Criteria(authors=(author,)))], "more")

    def near(self, phrase: str, most: int) -> tuple[tuple[str, int], ...]:
        """What might have been meant by `phrase`, and how many papers hold that."""
        likely = spelling.near(phrase, [_vocabulary(index) for index in self.indexes])
        counted = ((near, self.holding(near)) for near in likely)
        return tuple(islice(((near, papers) for near, papers in counted if papers), most))

    def near_authors(self, name: str, most: int) -> tuple[tuple[str, int], ...]:
        """Who might have been meant by `name`, as papers write it, and how many papers are by them."""
        return tuple((near, self.written_by(near)) for near in spelling.near_names(name, self.authors, most))


# Made when first asked for, and gone with the index.
_vocabularies: WeakKeyDictionary[Index, KnownWords] = WeakKeyDictionary()


def _vocabulary(index: Index) -> KnownWords:
    if index not in _vocabularies:
        _vocabularies[index] = KnownWords(map(_text, index.papers))
    return _vocabularies[index]


def _text(paper: PaperText) -> str:
    return f"{paper.title} {paper.abstract} {' '.join(paper.keywords)}"
