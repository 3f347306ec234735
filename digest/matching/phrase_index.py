"""All words of a day's papers, and where a phrase stands in them. Pure.

The words stand in one string, stemmed and without what stood between them, so that pre-training, pre training and
pretraining are one; a phrase is found where it begins and ends with a word. By its first and by its last letters
it is looked up, not searched for: most of what a million readers type stands in no paper of the day. The index for
that is made when it is worth it, since a search asks its few papers once.
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

_END = "\n"  # no phrase goes over the end of a text
_ENDS = 8  # letters by which phrases are looked up; shorter ones by all of them
_LONG = 1000  # characters; in a short text all stands near the beginning
_SEARCHES = 300  # so many phrases are found by reading all: an index costs as much as reading for some 500
_NONE = -1
_NOWHERE: tuple[int, ...] = ()
IN_TITLE = 2.0  # in front of whatever an abstract says


class Field(NamedTuple):
    """One text of one paper, and the number of its first word."""

    first_word: int
    paper: int  # its place in the day
    name: str  # title, abstract, keywords
    text: str


class PhraseHit(NamedTuple):
    """A phrase found: in which field, and from which word to which (the numbers of all words of the day)."""

    field: Field
    first: int
    last: int


class PhrasePosition(NamedTuple):
    """How one phrase, or several, stand in a paper."""

    front: float  # IN_TITLE; else how early in the abstract, from 1 at its beginning to 0 at its end; 0 in keywords
    mentions: int


class PhraseIndex:
    """The words of `papers`, ready to be asked for phrases."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self.fields: list[Field] = []
        self._first_words = array("i")
        self._text = ""
        self._word_at = array("i")  # by the place in the text: the number of the word that begins there
        self._begins = array("i")  # by the number of a word: where it begins and ends in its field's own text
        self._ends = array("i")
        self._by_ends: dict[str, tuple[int, ...]] | None = None
        self._searches = 0
        self._meanings: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._read(papers)

    def may_hold(self, key: str) -> bool:
        """Whether what is looked up by `key` (see words.key_of) may stand anywhere; False for most that is typed."""
        if self._by_ends is None or key in self._meanings:
            return True
        if len(key) < _ENDS:
            return "=" + key in self._by_ends
        return key[:_ENDS] in self._by_ends and "…" + key[-_ENDS:] in self._by_ends

    def find(self, phrase: str) -> list[PhraseHit]:
        """Where `phrase` stands, also under the abbreviation, or the long form, that a paper itself gives for it."""
        return [PhraseHit(self._field(first), first, last) for first, last in self._runs(phrase)]

    def standings(self, phrase: str) -> dict[int, PhrasePosition]:
        """How `phrase` stands in each paper (by its place in the day) that holds it, found in the same ways."""
        found: dict[int, PhrasePosition] = {}
        for first, _ in self._runs(phrase):
            field = self._field(first)
            front, known = _front(field, self._begins[first]), found.get(field.paper)
            found[field.paper] = (
                PhrasePosition(max(front, known.front), known.mentions + 1) if known else PhrasePosition(front, 1)
            )
        return found

    def written(self, hit: PhraseHit) -> str:
        """What was found, as the paper writes it."""
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
        """By the first letters and by the last ones of whatever may stand between the beginnings of two words."""
        by_ends: dict[str, list[int]] = defaultdict(list)
        text, places = self._text, [place for place, word in enumerate(self._word_at) if word != _NONE]
        for number, place in enumerate(places):
            by_ends[text[place : place + _ENDS]].append(place)
            by_ends["…" + text[max(0, place - _ENDS) : place]].append(place)
            for end in places[number + 1 : number + _ENDS]:
                if end - place >= _ENDS:
                    break
                by_ends["=" + text[place:end]].append(place)
        # Tuples of numbers, unlike lists, are nothing that the collector of garbage looks at again and again.
        return {ends: tuple(places) for ends, places in by_ends.items()}

    def _runs(self, phrase: str) -> list[tuple[int, int]]:
        """The numbers of the first and of the last word of each place where `phrase` stands."""
        key = key_of(phrase)
        places = self._places(key)
        if not places and key not in self._meanings:
            return []  # as most of what a million readers type
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
    """The texts of a paper that are searched."""
    yield "title", paper.title
    yield "abstract", paper.abstract
    for keyword in paper.keywords:
        yield "keywords", keyword


def _front(field: Field, begin: int) -> float:
    """How far in front of its paper a word stands (see Standing)."""
    if field.name == "abstract":
        return 1 - begin / max(_LONG, len(field.text))
    return IN_TITLE if field.name == "title" else 0.0


def _places_of(words: Sequence[str]) -> Iterator[int]:
    """Where each of `words` begins, when they are one string."""
    return accumulate(map(len, words[:-1]), initial=0) if words else iter(())
