"""A phrase index of a day's papers. Pure.

All words of the papers are stemmed and joined into one string without separators, so that pre-training, pre training
and pretraining are the same. A phrase matches if it begins and ends at the borders of words. An index of first and
last letters rejects quickly the phrases that no paper contains, which are most of those that readers type. The index
is built only after several hundred lookups, because a search needs few of them.
"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from digest.matching.abbreviations import definitions
from digest.matching.tokens import is_abbreviation, is_loud, key_of, words_of
from digest.matching.types import PaperText

_END = "\n"  # ends each text, so that no phrase spans two texts
_ENDS = 8  # letters at either end that the index is keyed by; a shorter phrase is keyed by all its letters
_LONG = 1000  # characters; in a shorter text every word counts as near the beginning
_SEARCHES = 300  # phrases found by scanning before the index is built, which costs about 500 scans
_NONE = -1
_NOWHERE: tuple[int, ...] = ()
IN_TITLE = 2.0  # above any value of an abstract


class Field(NamedTuple):
    """One text of one paper, and the number of its first word."""

    first_word: int
    paper: int  # paper number
    name: str  # title, abstract, keywords
    text: str


class PhraseHit(NamedTuple):
    """An occurrence of a phrase: its field, and the numbers of its first and last word."""

    field: Field
    first: int
    last: int


class PhrasePosition(NamedTuple):
    """The most prominent position of one phrase, or of several, in a paper."""

    front: float  # IN_TITLE in the title, 1 (beginning) to 0 (end) in the abstract, 0 in keywords
    mentions: int


class PhraseIndex:
    """The words of `papers`, indexed for phrase queries."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self.fields: list[Field] = []
        self._first_words = array("i")
        self._text = ""
        self._word_at = array("i")  # by offset in _text: the number of the word that begins there, or _NONE
        self._begins = array("i")  # by word number: the offset in the field's text at which the word begins
        self._ends = array("i")  # by word number: the offset in the field's text at which the word ends
        self._by_ends: dict[str, tuple[int, ...]] | None = None
        self._searches = 0
        self._meanings: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._read(papers)

    def may_hold(self, key: str) -> bool:
        """Return whether a phrase with this `key` (see tokens.key_of) may occur; False is certain."""
        if self._by_ends is None or key in self._meanings:
            return True
        if len(key) < _ENDS:
            return "=" + key in self._by_ends
        return key[:_ENDS] in self._by_ends and "…" + key[-_ENDS:] in self._by_ends

    def find(self, phrase: str) -> list[PhraseHit]:
        """Return the occurrences of `phrase`, or of the abbreviation or long form that a paper defines for it."""
        return [PhraseHit(self._field(first), first, last) for first, last in self._runs(phrase)]

    def standings(self, phrase: str) -> dict[int, PhrasePosition]:
        """Return the position of `phrase` in each paper that contains it, by paper number (see `find`)."""
        found: dict[int, PhrasePosition] = {}
        for first, _ in self._runs(phrase):
            field = self._field(first)
            front, known = _front(field, self._begins[first]), found.get(field.paper)
            found[field.paper] = (
                PhrasePosition(max(front, known.front), known.mentions + 1) if known else PhrasePosition(front, 1)
            )
        return found

    def written(self, hit: PhraseHit) -> str:
        """Return the phrase as the paper writes it."""
        return self._written(hit.first, hit.last)

    def _read(self, papers: Sequence[PaperText]) -> None:
        stems: list[str] = []
        for number, paper in enumerate(papers):
            for name, text in fields_of(paper):
                self.fields.append(Field(len(stems), number, name, text))
                self._first_words.append(len(stems))
                stems += self._read_field(text)
            self._learn_abbreviations(number, paper)
        self._text = "".join(stems)
        self._word_at = array("i", [_NONE]) * len(self._text)
        for number, place in enumerate(_places_of(stems)):
            self._word_at[place] = number

    def _read_field(self, text: str) -> list[str]:
        stems = []
        for word, begin, end in words_of(text):
            stems.append(word)
            self._begins.append(begin)
            self._ends.append(end)
        self._begins.append(len(text))
        self._ends.append(len(text))
        return [*stems, _END]

    def _learn_abbreviations(self, number: int, paper: PaperText) -> None:
        for short, long in definitions(f"{paper.title}. {paper.abstract}"):
            a, b = key_of(short), key_of(long)
            self._meanings[a].append((number, b))
            self._meanings[b].append((number, a))

    def _index(self) -> dict[str, tuple[int, ...]]:
        """Return the offsets of all possible phrases, keyed by their first letters and by their last letters.

        The keys of a phrase of _ENDS letters or more are its first _ENDS letters, and "…" with its last _ENDS
        letters. The key of a shorter phrase is "=" with the phrase itself.
        """
        by_ends: dict[str, list[int]] = defaultdict(list)
        text, places = self._text, [place for place, word in enumerate(self._word_at) if word != _NONE]
        for number, place in enumerate(places):
            by_ends[text[place : place + _ENDS]].append(place)
            by_ends["…" + text[max(0, place - _ENDS) : place]].append(place)
            for end in places[number + 1 : number + _ENDS]:
                if end - place >= _ENDS:
                    break
                by_ends["=" + text[place:end]].append(place)
        # The garbage collector stops tracking tuples of numbers, but scans lists in every full collection.
        return {ends: tuple(places) for ends, places in by_ends.items()}

    def _runs(self, phrase: str) -> list[tuple[int, int]]:
        """Return the numbers of the first and the last word of each occurrence of `phrase`."""
        key = key_of(phrase)
        places = self._places(key)
        if not places and key not in self._meanings:
            return []  # the usual case
        runs = [self._run(place, len(key)) for place in places]
        if is_abbreviation(phrase):
            runs = [run for run in runs if self._is_loud(*run)]
        for paper, other in self._meanings.get(key, ()):
            others = (self._run(place, len(other)) for place in self._places(other))
            runs += [run for run in others if self._field(run[0]).paper == paper and run not in runs]
        return runs

    def _run(self, place: int, length: int) -> tuple[int, int]:
        return self._word_at[place], self._word_at[place + length] - 1

    def _field(self, word: int) -> Field:
        return self.fields[bisect_right(self._first_words, word) - 1]

    def _places(self, key: str) -> Sequence[int]:
        if self._by_ends is None:
            if self._searches < _SEARCHES:
                self._searches += 1
                return list(self._search(key))
            self._by_ends = self._index()
        return self._look_up(key, self._by_ends)

    def _search(self, key: str) -> Iterator[int]:
        at = self._text.find(key) if key else -1
        while at >= 0:
            if self._word_at[at] != _NONE and self._word_at[at + len(key)] != _NONE:
                yield at
            at = self._text.find(key, at + 1)

    def _look_up(self, key: str, by_ends: Mapping[str, tuple[int, ...]]) -> Sequence[int]:
        if len(key) < _ENDS:
            return by_ends.get("=" + key, _NOWHERE)
        begins = by_ends.get(key[:_ENDS], _NOWHERE)
        ends = by_ends.get("…" + key[-_ENDS:], _NOWHERE) if begins else _NOWHERE
        text, word_at, length = self._text, self._word_at, len(key)
        if len(begins) <= len(ends):
            return [at for at in begins if text.startswith(key, at) and word_at[at + length] != _NONE]
        starts = [at - length for at in ends if at >= length]
        return [at for at in starts if text.startswith(key, at) and word_at[at] != _NONE]

    def _is_loud(self, first: int, last: int) -> bool:
        written = self._written(first, last)
        return written.isalnum() and is_loud(written)

    def _written(self, first: int, last: int) -> str:
        return self._field(first).text[self._begins[first] : self._ends[last]]


def fields_of(paper: PaperText) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each searchable field of a paper."""
    yield "title", paper.title
    yield "abstract", paper.abstract
    for keyword in paper.keywords:
        yield "keywords", keyword


def _front(field: Field, begin: int) -> float:
    """Return how prominent a word is that begins at offset `begin` of `field` (see PhrasePosition.front)."""
    if field.name == "abstract":
        return 1 - begin / max(_LONG, len(field.text))
    return IN_TITLE if field.name == "title" else 0.0


def _places_of(words: Sequence[str]) -> Iterator[int]:
    """Return the offset of each of `words` in their concatenation."""
    return accumulate(map(len, words[:-1]), initial=0) if words else iter(())
