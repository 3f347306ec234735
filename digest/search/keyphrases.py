"""Keyphrases of some papers: phrases that several of them share and few others contain. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import NamedTuple

from digest.matching import PaperText, fold, stem
from digest.matching.tokens import COMMON_FAMILIES, family
from digest.personalization.distinctive_features import Rarity
from digest.text.stop_words import STOP_WORDS

MAX_WORDS = 3  # words
MIN_LENGTH_ALONE = 5  # letters in a single word
MIN_RARITY = 0.35  # 0…1

_PIECE = re.compile(r"[.,;:!?()\[\]{}“”\"|]+(?=\s|$|\w)|\s[–—-]+\s|\n")
_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"[^\W_]+(?:[-’'/][^\W_]+)*")


@dataclass(frozen=True)
class Keyphrase:
    """A phrase as papers write it, and the positions of the papers that contain it."""

    phrase: str
    papers: tuple[int, ...]


class Occurrence(NamedTuple):
    """A phrase in a paper."""

    phrase: str  # as written
    key: str
    is_title: bool  # in the title or a keyword


def keyphrases_of(papers: Sequence[PaperText], rarity: Rarity, most: int) -> list[Keyphrase]:
    """Return the `most` best keyphrases of `papers`. Each occurs in a title or in keywords.

    Phrases that occur in abstracts only are mostly set phrases, such as “extensive experiments”.
    """
    papers_by_key: dict[str, set[int]] = defaultdict(set)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    titles = [list(_phrases_in_titles(paper)) for paper in papers]
    in_titles = Counter(key for title in titles for _, key in title)
    for number, (paper, title) in enumerate(zip(papers, titles, strict=True)):
        for phrase, key in chain(title, _phrases_in_text(paper.abstract, in_titles)):
            papers_by_key[key].add(number)
            written[key][phrase] += 1
    values = {
        key: len(papers_by_key[key]) * (1 + in_titles[key]) * _value(key, rarity)
        for key in in_titles
        if " " in key or in_titles[key] > 1 or len(papers) == 1
    }
    best = without_overlaps(sorted(filter(values.get, values), key=lambda key: (-values[key], key)))
    return [
        Keyphrase(written[key].most_common(1)[0][0], tuple(sorted(papers_by_key[key]))) for key in islice(best, most)
    ]


def key_of(phrase: str) -> str:
    """Return the stems of a phrase's words: all spellings of it share them."""
    return " ".join(stem(fold(word)) for word in words_in(phrase))


@lru_cache(maxsize=10_000)
def _folded_and_key(word: str) -> tuple[str, str]:
    """Return the folded form and the key of one word, which hyphens may divide."""
    return fold(word), key_of(word)


def phrases_in(paper: PaperText) -> Iterator[Occurrence]:
    """Yield each phrase of the title, the keywords and the abstract."""
    yield from (Occurrence(phrase, key, True) for phrase, key in _phrases_in_titles(paper))
    yield from (Occurrence(phrase, key, False) for phrase, key in _phrases_in_text(paper.abstract))


def _phrases_in_titles(paper: PaperText) -> Iterator[tuple[str, str]]:
    return chain.from_iterable(map(_phrases_in_text, (paper.title, *paper.keywords)))


def _phrases_in_text(text: str, wanted: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield the phrases of up to MAX_WORDS words, with their keys, from each piece between punctuation marks.

    They neither begin nor end with a stop word, and contain no other than “of”. With `wanted`, yield those keys alone.
    """
    for piece in _PIECE.split(_ADDRESS.sub("", text)):
        words = list(_WORD.finditer(piece))
        forms = [_folded_and_key(word[0]) for word in words]
        for start, (first, _) in enumerate(forms):
            if first in STOP_WORDS:
                continue
            key = ""
            for end, (folded, word_key) in enumerate(forms[start : start + MAX_WORDS], start):
                key = f"{key} {word_key}" if key else word_key
                if folded == "of":
                    continue
                if folded in STOP_WORDS:
                    break
                if (wanted is None or key in wanted) and (end > start or _is_specific(words[start][0])):
                    yield piece[words[start].start() : words[end].end()], key


def _is_specific(word: str) -> bool:
    """Return whether a word may be a phrase by itself: an abbreviation, or a longer word."""
    return len(word) >= MIN_LENGTH_ALONE or sum(map(str.isupper, word)) > 1


def words_in(phrase: str) -> list[str]:
    return re.findall(r"[^\W_]+", phrase)


def _value(key: str, rarity: Rarity) -> float:
    """Return the value of a phrase: the rarity of its rarest pair of words, doubled for two words or more."""
    words = key.split()
    if all(family(word) in COMMON_FAMILIES or word.isdigit() for word in words):
        return 0.0
    pairs = [f"word:{one} {two}" for one, two in pairwise(words)] or [f"word:{key}"]
    rarest = max(map(rarity, pairs))
    return rarest * min(len(words), 2) if rarest >= MIN_RARITY else 0.0


def without_overlaps(keys: Iterable[str]) -> Iterator[str]:
    """Yield `keys` (best first) without phrases that contain, or are contained in, a better one or share its words.

    Each key is compared with all before it, so take only as many as you need.
    """
    kept: list[str] = []
    words: set[frozenset[str]] = set()
    for key in keys:
        families = frozenset(map(family, key.split()))
        if families not in words and not any(
            f" {key} " in f" {other} " or f" {other} " in f" {key} " for other in kept
        ):
            kept.append(key)
            words.add(families)
            yield key
