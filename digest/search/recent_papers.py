"""The papers of some days: an index for each day, and suggestions for phrases that no paper contains. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from weakref import WeakKeyDictionary

from digest.matching import Index, Interest, PaperText, match
from digest.personalization.distinctive_features import Rarity, rarity_among
from digest.search import spell_checker
from digest.search.spell_checker import KnownWords
from subscriptions.query.grammar import Criteria


@dataclass(frozen=True)
class RecentPapers:
    """Days and their indexes, newest first."""

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
        """The rarity of words among these papers."""
        return rarity_among(self.papers)

    def holding(self, phrase: str) -> int:
        """Return how many papers contain `phrase`."""
        return sum(len(index.with_any([phrase])) for index in self.indexes)

    def matching(self, interests: Iterable[Interest], amount: str, exclusions: Sequence[str] = ()) -> int:
        """Return how many papers match any of `interests` at the threshold of `amount`, and none of `exclusions`."""
        asked = list(interests)
        return sum(len(match(index, asked, exclusions, amount)) for index in self.indexes)

    def written_by(self, author: str) -> int:
        """Return how many papers are by `author`."""
        return self.matching([Interest("", Criteria(authors=(author,)))], "more")

    def near(self, phrase: str, most: int) -> tuple[tuple[str, int], ...]:
        """Return phrases spelled like `phrase`, each with the number of papers that contain it."""
        suggestions = spell_checker.near(phrase, [_vocabulary(index) for index in self.indexes])
        counted = ((near, self.holding(near)) for near in suggestions)
        return tuple(islice(((near, papers) for near, papers in counted if papers), most))

    def near_authors(self, name: str, most: int) -> tuple[tuple[str, int], ...]:
        """Return authors spelled like `name`, as papers write them, each with the number of their papers."""
        return tuple((near, self.written_by(near)) for near in spell_checker.near_names(name, self.authors, most))


# Made on first use, and dropped with the index.
_vocabularies: WeakKeyDictionary[Index, KnownWords] = WeakKeyDictionary()


def _vocabulary(index: Index) -> KnownWords:
    if index not in _vocabularies:
        _vocabularies[index] = KnownWords(map(_text, index.papers))
    return _vocabularies[index]


def _text(paper: PaperText) -> str:
    return f"{paper.title} {paper.abstract} {' '.join(paper.keywords)}"
