"""A phrase index of a day's papers. Pure.

All words of the papers are stemmed and joined into one string without separators, so that pre-training, pre training
and pretraining are the same. A phrase matches if it begins and ends at word boundaries. An index of first and last
letters quickly rejects the phrases that no paper contains, which are most of those that readers type. The index is
built only after several hundred lookups, because a search needs few of them.
"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from digest.matching.abbreviations import definitions
from digest.matching.tokens import has_capitals, is_abbreviation, key_of, words_of
from digest.matching.types import PaperText

_TEXT_END = "\n"  # ends each text, so that no phrase spans two texts
_KEY_LENGTH = 8  # letters at either end that the index is keyed by; a shorter phrase is keyed by all its letters
_LONG_TEXT = 1000  # characters; in a shorter text every word counts as near the beginning
_MAX_SCANS = 300  # phrases found by scanning before the index is built, which costs about 500 scans
_NONE = -1
_NO_OFFSETS: tuple[int, ...] = ()
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

    prominence: float  # IN_TITLE in the title, 1 (beginning) to 0 (end) in the abstract, 0 in keywords
    mentions: int


_NO_POSITION = PhrasePosition(0.0, 0)


class PhraseIndex:
    """The words of `papers`, indexed for phrase queries."""

    def __init__(self, papers: Sequence[PaperText]) -> None:
        self.fields: list[Field] = []
        self._first_words = array("i")
        self._text = ""
        self._word_at = array("i")  # by offset in _text: the number of the word that begins there, or _NONE
        self._begins = array("i")  # by word number: the offset in the field's text at which the word begins
        self._ends = array("i")  # by word number: the offset in the field's text at which the word ends
        self._offsets_by_key: dict[str, tuple[int, ...]] | None = None
        self._scans = 0
        self._located: frozenset[str] = frozenset()
        self._located_offsets: dict[str, tuple[int, ...]] = {}
        self._synonyms: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._read(papers)

    def may_hold(self, key: str) -> bool:
        """Return False if a phrase with this `key` (see tokens.key_of) surely does not occur."""
        if self._offsets_by_key is None or key in self._synonyms:
            return True
        if len(key) < _KEY_LENGTH:
            return "=" + key in self._offsets_by_key
        return key[:_KEY_LENGTH] in self._offsets_by_key and "…" + key[-_KEY_LENGTH:] in self._offsets_by_key

    def find(self, phrase: str) -> list[PhraseHit]:
        """Return the occurrences of `phrase`, or of the abbreviation or long form that a paper defines for it."""
        occurrences = self._occurrences(phrase, key_of(phrase))
        return [PhraseHit(self._field(first), first, last) for first, last in occurrences]

    def locate(self, keys: frozenset[str]) -> None:
        """Find all phrases with these keys (see tokens.key_of) in one pass, which costs less than many lookups."""
        if self._located is keys:
            return
        found: dict[str, list[int]] = defaultdict(list)
        text, longest = self._text, max(map(len, keys), default=0)
        offsets = [offset for offset, word in enumerate(self._word_at) if word != _NONE]
        for number, offset in enumerate(offsets, 1):
            for end in offsets[number : number + longest]:
                if end - offset > longest:
                    break
                if (key := text[offset:end]) in keys:
                    found[key].append(offset)
        self._located, self._located_offsets = keys, {key: tuple(offsets) for key, offsets in found.items()}

    def positions(self, phrase: str, key: str) -> dict[int, PhrasePosition]:
        """Return the position of `phrase` in each paper that contains it, by paper number (see `find`).

        The `key` is that of the phrase (see tokens.key_of).
        """
        found: dict[int, PhrasePosition] = {}
        for first, _ in self._occurrences(phrase, key):
            field = self._field(first)
            prominence, known = _prominence(field, self._begins[first]), found.get(field.paper, _NO_POSITION)
            found[field.paper] = PhrasePosition(max(prominence, known.prominence), known.mentions + 1)
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
        for number, offset in enumerate(_start_offsets(stems)):
            self._word_at[offset] = number

    def _read_field(self, text: str) -> list[str]:
        stems = []
        for word, begin, end in words_of(text):
            stems.append(word)
            self._begins.append(begin)
            self._ends.append(end)
        self._begins.append(len(text))
        self._ends.append(len(text))
        return [*stems, _TEXT_END]

    def _learn_abbreviations(self, number: int, paper: PaperText) -> None:
        for short, long in definitions(f"{paper.title}. {paper.abstract}"):
            a, b = key_of(short), key_of(long)
            self._synonyms[a].append((number, b))
            self._synonyms[b].append((number, a))

    def _build_index(self) -> dict[str, tuple[int, ...]]:
        """Return the offsets of all possible phrases, keyed by their first letters and by their last letters.

        A phrase of _KEY_LENGTH letters or more has two keys: its first _KEY_LENGTH letters, and "…" with its last
        _KEY_LENGTH letters. The key of a shorter phrase is "=" with the phrase itself.
        """
        offsets_by_key: dict[str, list[int]] = defaultdict(list)
        text, offsets = self._text, [offset for offset, word in enumerate(self._word_at) if word != _NONE]
        for number, offset in enumerate(offsets):
            offsets_by_key[text[offset : offset + _KEY_LENGTH]].append(offset)
            offsets_by_key["…" + text[max(0, offset - _KEY_LENGTH) : offset]].append(offset)
            for end in offsets[number + 1 : number + _KEY_LENGTH]:
                if end - offset >= _KEY_LENGTH:
                    break
                offsets_by_key["=" + text[offset:end]].append(offset)
        # The garbage collector stops tracking tuples of numbers, but scans lists in every full collection.
        return {ends: tuple(offsets) for ends, offsets in offsets_by_key.items()}

    def _occurrences(self, phrase: str, key: str) -> list[tuple[int, int]]:
        """Return the numbers of the first and the last word of each occurrence of `phrase`."""
        offsets = self._offsets(key)
        if not offsets and key not in self._synonyms:
            return []  # the usual case
        ranges = [self._word_range(offset, len(key)) for offset in offsets]
        if is_abbreviation(phrase):
            ranges = [words for words in ranges if self._looks_like_abbreviation(*words)]
        for paper, other in self._synonyms.get(key, ()):
            others = (self._word_range(offset, len(other)) for offset in self._offsets(other))
            ranges += [words for words in others if self._field(words[0]).paper == paper and words not in ranges]
        return ranges

    def _word_range(self, offset: int, length: int) -> tuple[int, int]:
        return self._word_at[offset], self._word_at[offset + length] - 1

    def _field(self, word: int) -> Field:
        return self.fields[bisect_right(self._first_words, word) - 1]

    def _offsets(self, key: str) -> Sequence[int]:
        if key in self._located:
            return self._located_offsets.get(key, _NO_OFFSETS)
        if self._offsets_by_key is None:
            if self._scans < _MAX_SCANS:
                self._scans += 1
                return list(self._scan(key))
            self._offsets_by_key = self._build_index()
        return self._look_up(key, self._offsets_by_key)

    def _scan(self, key: str) -> Iterator[int]:
        offset = self._text.find(key) if key else -1
        while offset >= 0:
            if self._word_at[offset] != _NONE and self._word_at[offset + len(key)] != _NONE:
                yield offset
            offset = self._text.find(key, offset + 1)

    def _look_up(self, key: str, offsets_by_key: Mapping[str, tuple[int, ...]]) -> Sequence[int]:
        if len(key) < _KEY_LENGTH:
            return offsets_by_key.get("=" + key, _NO_OFFSETS)
        begins = offsets_by_key.get(key[:_KEY_LENGTH], _NO_OFFSETS)
        ends = offsets_by_key.get("…" + key[-_KEY_LENGTH:], _NO_OFFSETS) if begins else _NO_OFFSETS
        text, word_at, length = self._text, self._word_at, len(key)
        if len(begins) <= len(ends):
            return [offset for offset in begins if text.startswith(key, offset) and word_at[offset + length] != _NONE]
        starts = [offset - length for offset in ends if offset >= length]
        return [offset for offset in starts if text.startswith(key, offset) and word_at[offset] != _NONE]

    def _looks_like_abbreviation(self, first: int, last: int) -> bool:
        written = self._written(first, last)
        return written.isalnum() and has_capitals(written)

    def _written(self, first: int, last: int) -> str:
        return self._field(first).text[self._begins[first] : self._ends[last]]


def fields_of(paper: PaperText) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each searchable field of a paper."""
    yield "title", paper.title
    yield "abstract", paper.abstract
    for keyword in paper.keywords:
        yield "keywords", keyword


def _prominence(field: Field, begin: int) -> float:
    """Return how prominent a word is that begins at offset `begin` of `field` (see PhrasePosition.prominence)."""
    if field.name == "abstract":
        return 1 - begin / max(_LONG_TEXT, len(field.text))
    return IN_TITLE if field.name == "title" else 0.0


def _start_offsets(words: Sequence[str]) -> Iterator[int]:
    """Return the offset of each of `words` in their concatenation."""
    return accumulate(map(len, words[:-1]), initial=0) if words else iter(())
