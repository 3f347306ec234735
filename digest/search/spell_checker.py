"""Spelling suggestions for a phrase or a name that no paper contains. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from digest.matching import fold, stem
from digest.matching.authors import name_parts
from digest.text.stop_words import STOP_WORDS

ALIKE = 0.8  # minimum similarity of two words (difflib's ratio, 0…1)
MIN_LENGTH = 4  # letters; shorter words are similar to too many others
MAX_SPELLINGS = 2  # other spellings of one word

_WORD = re.compile(r"[^\W_]+")


class KnownWords:
    """The words of some texts, as they write them, and their stems."""

    def __init__(self, texts: Iterable[str]) -> None:
        words = {word for text in texts for word in _WORD.findall(fold(text))}
        self.stems = set(map(stem, words))
        self._by_beginning: dict[str, list[str]] = defaultdict(list)
        for word in sorted(words):
            self._by_beginning[word[0]].append(word)

    def near(self, word: str) -> Iterator[str]:
        """Yield the words with the first letter of `word` and about its length."""
        return (other for other in self._by_beginning.get(word[0], ()) if _have_similar_length(other, word))


def near(phrase: str, vocabularies: Sequence[KnownWords]) -> Iterator[str]:
    """Yield alternatives to `phrase` without duplicates: first other spellings, then its parts, longest first."""
    return iter(dict.fromkeys(_alternatives(phrase.split(), vocabularies)))


def near_names(name: str, names: Iterable[str], most: int) -> list[str]:
    """Return at most `most` of `names` that are spelled like `name`, most similar first."""
    wanted = _normalized(name)
    if len(wanted) < MIN_LENGTH:
        return []
    written = {_normalized(other): other for other in names if _have_similar_length(other, name)}
    likely = sorted(other for other in written if other[:1] == wanted[0])
    return [written[like] for like in get_close_matches(wanted, likely, most, ALIKE)]


def _alternatives(words: list[str], vocabularies: Sequence[KnownWords]) -> Iterator[str]:
    likes = {word: _similar_words(word, vocabularies) for word in words}
    corrected = [next(iter(likes[word]), word) for word in words]
    yield " ".join(corrected)
    for word in words:
        yield from (" ".join(like if other == word else other for other in words) for like in likes[word])
    for length in range(len(words) - 1, 0, -1):
        parts = (corrected[start : start + length] for start in range(len(words) - length + 1))
        yield from (" ".join(part) for part in parts if _is_meaningful(part))


def _similar_words(word: str, vocabularies: Sequence[KnownWords]) -> list[str]:
    """Return the words spelled like `word`, most similar first. There are none if `word` itself occurs."""
    word = fold(word)
    if len(word) < MIN_LENGTH or any(stem(word) in words.stems for words in vocabularies):
        return []
    likely = {near for words in vocabularies for near in words.near(word)}
    return get_close_matches(word, likely, MAX_SPELLINGS, ALIKE)


def _is_meaningful(part: list[str]) -> bool:
    """Return whether a part of a phrase means something alone, unlike “for agents” or “this”."""
    return not STOP_WORDS & {fold(part[0]), fold(part[-1])} and any(len(word) >= MIN_LENGTH for word in part)


def _normalized(name: str) -> str:
    return " ".join(name_parts(name))


def _have_similar_length(one: str, other: str) -> bool:
    """Return whether the lengths differ by two at most."""
    return abs(len(one) - len(other)) <= 2
