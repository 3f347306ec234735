"""Query expansion for a full-text search, so that it finds all papers that matching would find. Pure.

In matching, pre-training, pre training and pretraining are the same. A full-text search compares whole words, so the
query contains each spelling.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, islice, pairwise, product
from typing import Literal, NamedTuple

from digest.matching.tokens import WHOLE_LETTERS, fold, without_accents
from digest.text.author_names import given_names_first
from digest.text.stop_words import QUERY_STOP_WORDS

TermKind = Literal["row", "all", "beginning"]
Where = Literal["title", "text", "facets"]

MAX_WORDS = 12  # words of a phrase; further ones do not narrow the search
MAX_DISTINCTIVE = 6  # words of a sentence; a paper must contain two of them
MAX_SPELLINGS = 6  # spellings of a name
MIN_PART_LENGTH = 3  # letters in each part of a word that is split

_WORD = re.compile(r"[^\W_]+")
_POWER = re.compile(r"[^\W\d_]+[2-9][^\W\d_]*")
_RAISED = str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹")
# Letters as a reader types them, and as the full-text search stores them: lukasz and łukasz, schoelkopf and scholkopf.
_SPELLINGS = [("ae", "a"), ("oe", "o"), ("ue", "u"), *((plain, letter) for letter, plain in WHOLE_LETTERS.items())]


class SearchTerm(NamedTuple):
    """An exact phrase ("row"), words in any order ("all"), or a prefix ("beginning"), in some fields of a paper.

    The fields are the title, the title and abstract ("text"), or the authors and categories ("facets").
    """

    kind: TermKind
    words: tuple[str, ...]
    where: Where = "text"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of `text` as the search stores them: in lower case, without accents."""
    return tuple(_WORD.findall(without_accents(text)))


def phrase(text: str, kind: TermKind, where: Where) -> list[SearchTerm]:
    """Return terms for `text` as it is written, with two neighboring words joined, and with superscripts."""
    spellings = list(_with_joined_words(words_of(text)[:MAX_WORDS]))
    return [SearchTerm(kind, words, where) for words in dict.fromkeys([*spellings, *map(_with_powers, spellings)])]


def apart(text: str, where: Where) -> list[SearchTerm]:
    """Return terms for `text` with one of its words split in two."""
    return [SearchTerm("row", words, where) for words in dict.fromkeys(_with_split_word(words_of(text)[:MAX_WORDS]))]


def author(name: str) -> list[SearchTerm]:
    """Return terms for the last name with the first given name or its initial. An initial alone matches any name."""
    *firsts, last = words_of(given_names_first(name)) or ("",)
    lasts = _spellings(last)
    first = next((first for first in firsts[:2] if len(first) > 1), "")
    if not first:
        return [SearchTerm("all", (last,), "facets") for last in lasts]
    return [SearchTerm("all", words, "facets") for words in product([*_spellings(first), *_spellings(first[0])], lasts)]


def category(pattern: str) -> list[SearchTerm]:
    """Return terms for a category such as cs.CL; for cs.* or cs, also for all categories below it."""
    pattern = pattern.lower()
    token = category_token(pattern.removesuffix(".*"))
    own = SearchTerm("all", (token,), "facets")
    return [own] if "." in pattern.removesuffix(".*") else [own, SearchTerm("beginning", (f"{token}0",), "facets")]


def category_token(category: str) -> str:
    """Return one word for a category that differs from every name: catcs0cl for cs.CL.

    `sqlite` and the PostgreSQL migration compute the same word in SQL.
    """
    return "cat" + category.lower().replace(".", "0").replace("-", "9")


def sentence(text: str) -> list[SearchTerm]:
    """Return terms for any two significant words of `text`, because a paraphrase shares some of them."""
    significant = {word for word in words_of(text) if len(word) > 2 and word not in QUERY_STOP_WORDS}
    longest = sorted(significant, key=lambda word: (-len(word), word))[:MAX_DISTINCTIVE]
    return pairs(longest)


def pairs(words: Sequence[str], where: Where = "text") -> list[SearchTerm]:
    """Return terms for any two of `words`, or for the only one."""
    groups = combinations(words, 2) if len(words) > 1 else [tuple(words)]
    return [SearchTerm("all", group, where) for group in groups]


def _spellings(word: str) -> list[str]:
    """Return `word`, its form without accents, and spellings with one special letter, such as łukasz for lukasz."""
    plain = fold(word)
    other = (
        plain[: at.start()] + letter + plain[at.end() :]
        for typed, letter in _SPELLINGS
        for at in re.finditer(typed, plain)
    )
    return list(islice(dict.fromkeys([word, plain, *other]), MAX_SPELLINGS))


def _with_joined_words(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for number, (one, next_one) in enumerate(pairwise(words)):
        yield (*words[:number], one + next_one, *words[number + 2 :])


def _with_powers(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return `words` with the digit in a name raised, because papers write R^3-Bench as R³-Bench."""
    return tuple(word.translate(_RAISED) if _POWER.fullmatch(word) else word for word in words)


def _with_split_word(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for number, word in enumerate(words[:3]):
        for cut in range(MIN_PART_LENGTH, len(word) - MIN_PART_LENGTH + 1):
            yield (*words[:number], word[:cut], word[cut:], *words[number + 1 :])
