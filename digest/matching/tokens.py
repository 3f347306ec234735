"""The tokenizer and the stemmer of matching. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from digest.text.stop_words import COMMON_WORDS, STOP_WORDS

WORD = re.compile(r"[^\W_]+")
# The beginning of a word of four letters or more within a name: Office|Bench, V|Bench, but not in LoRA or GitHub.
_CAMEL_CASE = re.compile(r"(?<=[^\W_])(?=[A-Z][a-z]{3})")

_ENDINGS = frozenset((
    "izations", "ization", "ational", "fulness", "ousness", "iveness", "ations", "ation", "ators", "ator", "ating",
    "ates", "ated", "ate", "ings", "ing", "ements", "ement", "ments", "ment", "ives", "ive", "ions", "ion", "ers", "er",
    "ors", "or", "ed", "es", "s", "ly", "al", "ic", "ity", "y", "e",
))  # fmt: skip
_MAX_ENDING_LENGTH = max(map(len, _ENDINGS))
# Letters that NFKD does not decompose, with the letters that readers type instead: Lukasz for Łukasz.
WHOLE_LETTERS = {
    "ł": "l", "đ": "d", "ð": "d", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip
_WHOLE_LETTER = re.compile(f"[{''.join(WHOLE_LETTERS)}]")
_MIN_STEM = 4  # letters that must remain when an ending is removed


def fold(text: str) -> str:
    """Return `text` in lower case, without accents, and with special letters replaced (ø by o, æ by ae)."""
    if text.isascii():
        return text.lower()
    return _WHOLE_LETTER.sub(lambda letter: WHOLE_LETTERS[letter[0]], without_accents(text))


def without_accents(text: str) -> str:
    """Return `text` in lower case without accents, as full-text search folds it: ø stays."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def stem(word: str) -> str:
    """Return `word` without the ending of an English plural.

    The result need not be a word, because filters and papers are both stemmed.
    """
    if word[-1:] != "s" or len(word) < 3:
        return word
    if len(word) > 4:
        if word.endswith("ies"):
            return word[:-3] + "y"
        if word.endswith(("sses", "xes", "ches", "shes")):
            return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


@lru_cache(maxsize=100_000)
def family(word: str) -> str:
    """Return the stem that a word family shares: gener for generate, generating, generation and generator."""
    if len(word) <= _MIN_STEM:
        return stem(word)
    if word.endswith("ies"):
        word = word[:-3] + "y"
    for length in range(min(_MAX_ENDING_LENGTH, len(word) - _MIN_STEM), 0, -1):
        if word[-length:] in _ENDINGS:
            return word[:-length]
    return word


def words_of(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each word of `text`, folded and stemmed, with its start and end in `text`.

    A name such as OfficeBench is split into its words. Joined, they are the name's key (see key_of).
    """
    cuts = [cut.start() for cut in _CAMEL_CASE.finditer(text)]
    if not cuts:
        yield from ((stem(word), begin, end) for word, begin, end in _whole_words_of(text))
        return
    cuts.reverse()
    for whole, begin, end in _whole_words_of(text):
        word, is_in_place = stem(whole), len(whole) == end - begin
        while cuts and cuts[-1] < end:
            cut = cuts.pop()
            if is_in_place:
                yield word[: cut - begin], begin, cut
                word, begin = word[cut - begin :], cut
        yield word, begin, end


def _whole_words_of(text: str) -> Iterator[tuple[str, int, int]]:
    if text.isascii() or all(len(fold(letter)) == 1 for letter in set(text)):
        return ((word[0], word.start(), word.end()) for word in WORD.finditer(fold(text)))
    return _whole_words_letter_by_letter(text)


def _whole_words_letter_by_letter(text: str) -> Iterator[tuple[str, int, int]]:
    # Fold letter by letter, and note the origin of each result, because a letter such as ½ becomes several.
    places = [number for number, letter in enumerate(text) for _ in fold(letter)]
    folded = "".join(map(fold, text))
    for word in WORD.finditer(folded):
        yield word[0], places[word.start()], places[word.end() - 1] + 1


def key_of(phrase: str) -> str:
    """Return the key of `phrase` in a phrase index: its stemmed words without separators.

    So pre-training, pre training and pretraining have the same key.
    """
    folded = fold(phrase)
    joined = folded.replace(" ", "")
    if joined.isascii() and joined.isalnum() and "s " not in folded and joined[-1] != "s":
        return joined  # fast path for most phrases that readers type
    return "".join([word if word[-1] != "s" else stem(word) for word in WORD.findall(folded)])


@lru_cache(maxsize=1_000)
def families_of(text: str) -> tuple[str, ...]:
    """Return the families of the words in `text` that are not stop words, in order and without duplicates."""
    return tuple(dict.fromkeys(family(word) for word in WORD.findall(fold(text)) if word not in STOP_WORDS))


COMMON_FAMILIES = frozenset(map(family, COMMON_WORDS))


def is_abbreviation(phrase: str) -> bool:
    """Return whether `phrase` is an abbreviation, so that case matters: RAG is not a rag, and SAM is not Sam."""
    return len(phrase) <= 6 and phrase.isalnum() and has_capitals(phrase)


def has_capitals(word: str) -> bool:
    """Return whether `word` has two or more capitals, as abbreviations do."""
    return sum(map(str.isupper, word)) > 1
