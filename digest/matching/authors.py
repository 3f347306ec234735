"""Comparison of authors' names and of arXiv categories with those in a filter. Pure."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from digest.matching.tokens import WORD, fold
from digest.matching.types import PaperText
from digest.text.author_names import given_names_first

_SPELT_OUT = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe",
})  # fmt: skip


class AuthorIndex:
    """The authors of a day's papers by last name."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self._by_last_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for number, paper in enumerate(papers):
            for name in paper.authors:
                for last in _last_names(name):
                    self._by_last_name[last].append((number, name))

    def find(self, wanted: str) -> Iterator[tuple[int, str]]:
        """Yield the number of each paper by an author who may be `wanted`, with the author's name."""
        namesakes = [found for last in _last_names(wanted) for found in self._by_last_name.get(last, ())]
        for number, name in dict.fromkeys(namesakes):
            if same_person(wanted, name):
                yield number, name


def same_person(wanted: str, name: str) -> bool:
    """Return whether the author `name` may be `wanted`: "LeCun", "Y. LeCun", "LeCun, Yann" all mean Yann LeCun."""
    return any(_is_same_name(a, b) for a in _spellings(wanted) for b in _spellings(name))


def _is_same_name(wanted_parts: list[str], parts: list[str]) -> bool:
    if not parts or not wanted_parts:
        return False
    if parts[-len(wanted_parts) :] == wanted_parts:
        return True  # a last name of several words: van der Maaten, Leal-Taixé
    *wanted_given, wanted_last = wanted_parts
    *given, last = parts
    return wanted_last == last and all(_is_compatible(a, b) for a, b in zip(wanted_given, given, strict=False))


def name_parts(name: str) -> list[str]:
    """Return the given names, then the last name, folded."""
    return WORD.findall(fold(given_names_first(name)))


def _spellings(name: str) -> list[list[str]]:
    """Return the parts of a name in each spelling: Schölkopf as Scholkopf and as Schoelkopf."""
    if name.isascii():
        return [name_parts(name)]
    spelt_out = unicodedata.normalize("NFC", name).translate(_SPELT_OUT)
    return [name_parts(name), name_parts(spelt_out)]


def _last_names(name: str) -> set[str]:
    return {parts[-1] for parts in _spellings(name) if parts}


def _is_compatible(a: str, b: str) -> bool:
    return a == b or (min(len(a), len(b)) == 1 and a[0] == b[0])


class CategoryIndex:
    """The categories of a day's papers."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self._papers: dict[str, list[int]] = defaultdict(list)
        for number, paper in enumerate(papers):
            for category in paper.categories:
                self._papers[category].append(number)

    def find(self, pattern: str) -> Iterator[tuple[int, str]]:
        """Yield the number of each paper in a category that `pattern` matches, with the category."""
        for category, numbers in self._papers.items():
            if in_category(category, pattern):
                yield from ((number, category) for number in numbers)


def in_category(category: str, pattern: str) -> bool:
    """Return whether `pattern` matches `category`: cs.CL matches itself; cs.* and cs match all of cs."""
    category, pattern = category.lower(), pattern.lower().removesuffix(".*")
    return category == pattern or category.startswith(f"{pattern}.")
