"""What to ask a full-text search for, so that it misses nothing that matching would find. Pure.

Matching takes words apart and puts them together: pre-training, pre training and pretraining are one. A full-text
search knows whole words, so each way of writing is asked for.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, islice, pairwise, product
from typing import Literal, NamedTuple

from digest.matching.tokens import WHOLE_LETTERS, fold, without_accents

TermKind = Literal["row", "all", "beginning"]
Where = Literal["title", "text", "facets"]

MOST_WORDS = 12  # of a phrase: more narrow nothing down
MOST_TELLING = 6  # words of a sentence, of which a paper must hold two
MOST_SPELLINGS = 6  # of a name
SHORTEST_PART = 3  # letters of a word that was taken apart

_WORD = re.compile(r"[^\W_]+")
# Spelt so by a reader, and in the search so: Lukasz is łukasz, and Schoelkopf scholkopf.
_SPELLINGS = [("ae", "a"), ("oe", "o"), ("ue", "u"), *((plain, letter) for letter, plain in WHOLE_LETTERS.items())]
_SAYS_LITTLE = re.compile(
    "about|after|also|and|are|between|can|could|does|each|for|from|have|how|into|its|learn|like|make|more|most|not|"
    "other|over|papers?|shows?|some|such|than|that|the|their|them|then|there|these|they|this|through|under|used?|"
    "using|want|well|what|when|where|which|while|who|why|will|with|without|work|would|your"
)


class SearchTerm(NamedTuple):
    """Words in a row, all of them in any order, or a word that begins so; in the title, in title or abstract, or
    among authors and categories."""

    kind: TermKind
    words: tuple[str, ...]
    where: Where = "text"


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text` as the search knows them: in lower case, without accents."""
    return tuple(_WORD.findall(without_accents(text)))


def phrase(text: str, kind: TermKind, where: Where) -> list[SearchTerm]:
    """`text` as it is written, or with two of its words as one."""
    return [SearchTerm(kind, words, where) for words in dict.fromkeys(_joined(words_of(text)[:MOST_WORDS]))]


def apart(text: str, where: Where) -> list[SearchTerm]:
    """`text` with one of its words as two."""
    return [SearchTerm("row", words, where) for words in dict.fromkeys(_parted(words_of(text)[:MOST_WORDS]))]


def author(name: str) -> list[SearchTerm]:
    """The last name with each given name, or its initial; an initial that is given may be of any name."""
    last, comma, given = name.partition(",")
    *firsts, last = words_of(f"{given} {last}" if comma else name) or ("",)
    lasts = _spellings(last)
    first = next((first for first in firsts[:2] if len(first) > 1), "")
    if not first:
        return [SearchTerm("all", (last,), "facets") for last in lasts]
    return [SearchTerm("all", words, "facets") for words in product([*_spellings(first), *_spellings(first[0])], lasts)]


def category(pattern: str) -> list[SearchTerm]:
    """cs.CL itself; for cs.* or cs, that and all below it."""
    pattern = pattern.lower()
    token = category_token(pattern.removesuffix(".*"))
    own = SearchTerm("all", (token,), "facets")
    return [own] if "." in pattern.removesuffix(".*") else [own, SearchTerm("beginning", (f"{token}0",), "facets")]


def category_token(category: str) -> str:
    """One word for a category that no name is like: catcs0cl for cs.CL. `sqlite` and `postgresql` write it in SQL."""
    return "cat" + category.lower().replace(".", "0").replace("-", "9")


def sentence(text: str) -> list[SearchTerm]:
    """Any two of the telling words: whoever says the same in other words shares some."""
    telling = {word for word in words_of(text) if len(word) > 2 and not _SAYS_LITTLE.fullmatch(word)}
    longest = sorted(telling, key=lambda word: (-len(word), word))[:MOST_TELLING]
    return pairs(longest)


def pairs(words: Sequence[str], where: Where = "text") -> list[SearchTerm]:
    """Any two of `words`; the one, where there is no other."""
    groups = combinations(words, 2) if len(words) > 1 else [tuple(words)]
    return [SearchTerm("all", group, where) for group in groups]


def _spellings(word: str) -> list[str]:
    """`word` as it is, and with one of its letters as a name may have it."""
    plain = fold(word)
    other = (
        plain[: at.start()] + letter + plain[at.end() :]
        for typed, letter in _SPELLINGS
        for at in re.finditer(typed, plain)
    )
    return list(islice(dict.fromkeys([word, plain, *other]), MOST_SPELLINGS))


def _joined(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for number, (one, next_one) in enumerate(pairwise(words)):
        yield (*words[:number], one + next_one, *words[number + 2 :])


def _parted(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for number, word in enumerate(words[:3]):
        for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            yield (*words[:number], word[:cut], word[cut:], *words[number + 1 :])
