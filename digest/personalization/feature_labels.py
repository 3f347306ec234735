"""Labels for the features of a feedback model. Pure.

Features are stems and pairs of stems. A label is the word, or the pair of words, as papers write it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from digest.matching import PaperText, fold, stem
from digest.matching.tokens import family
from digest.text.stop_words import STOP_WORDS

WORD = re.compile(r"[^\W\d_][^\W_]+")
_TOGETHER = re.compile(r"\s+|[-\u2010\u2011]")  # between the two words of a pair

# These words, and pairs with one of them, say nothing about a paper's subject. They make no labels. Unlike the words in
# STOP_WORDS, they still get weights.
_EMPTY = """
    achieve additional address advance aim allow apply approach available bad badly based better bring broad build
    capable central challenge closer combine common compare compared complete comprehensive conduct consider consist
    consistent consistently contain contribute conventionally core crucial current currently demonstrate depend
    describe design despite develop directly diverse eight enable enhance entire especially essential establish
    exceed exhibit exist existing experiment experimental extensive face fail five focus follow four fully
    fundamental furthermore gain greatly highlight highly identify illustrate impact importance important improve
    improving include including increase increasingly indicate introduce investigate involve issue key lack largely
    later lead leading leverage look main major moreover nine notable numerous obtain offer often original
    outperform overall particular perform possible potential present previous previously primarily prior produce
    promising propose provide publicly purely quickly range rapid rapidly reach readily real realize recent recently
    recurring reduce regardless rely remain report require resolve respectively result reveal second seven sharply
    significant simple simply simultaneously six specific specifically strong study subsequent substantial
    successful suffer suggest summary superior surpass tackle ten third three towards typical typically unlike
    validate verify well whereas widely yield"""
EMPTY = frozenset(map(family, _EMPTY.split()))


def written_forms(papers: Iterable[PaperText]) -> dict[str, str]:
    """Return words and pairs of words of `papers` by feature, in their form with the fewest capitals.

    An example of a feature is "word:image generation". Empty words are left out, as are pairs with an
    empty word or with a comma between.
    """
    found: dict[str, str] = {}
    for paper in papers:
        for feature, text in _written(paper.title, paper.abstract, tuple(paper.keywords)).items():
            found[feature] = min(found.get(feature, text), text, key=_capitals)
    return found


def label_of(feature: str, words: dict[str, str]) -> str:
    """Return the label of a feature, with its words as in `words`, or "" if they are not there."""
    kind, _, name = feature.partition(":")
    return words.get(feature, "") if kind == "word" else name


def readable(labels: Iterable[str], papers: Iterable[PaperText], most: int) -> list[str]:
    """Return the first labels that mean something by themselves: no parts of compounds, and none within another.

    “turn trajectories” is a part of “multi-turn trajectories”.
    """
    texts = [fold(" ".join((paper.title, paper.abstract, *paper.authors))) for paper in papers]
    kept: list[str] = []
    for label in labels:
        is_whole = any(_is_whole(fold(label), text) for text in texts)
        if is_whole and not any(fold(label) in fold(other) or fold(other) in fold(label) for other in kept):
            kept.append(label)
        if len(kept) == most:
            break
    return kept


def _is_whole(label: str, text: str) -> bool:
    """Return whether the text has the label without a hyphen before or after it."""
    return re.search(rf"(?<![\w\-\u2010\u2011]){re.escape(label)}(?![\w\-\u2010\u2011])", text) is not None


@lru_cache(maxsize=300)  # papers with labels in pages and emails; each takes about 50 KB
def _written(title: str, abstract: str, keywords: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in (abstract, title, *keywords):
        for feature, whole in _phrases(text):
            found[feature] = min(found.get(feature, whole), whole, key=_capitals)
    return found


def _phrases(text: str) -> Iterator[tuple[str, str]]:
    words = [(fold(word[0]), word) for word in WORD.finditer(text)]
    for folded, word in words:
        if not _is_empty(folded):
            yield f"word:{stem(folded)}", word[0]
    for (one, first), (two, second) in pairwise(words):
        if _TOGETHER.fullmatch(text, first.end(), second.start()) and not (_is_empty(one) or _is_empty(two)):
            yield f"word:{stem(one)} {stem(two)}", " ".join(text[first.start() : second.end()].split())


def _is_empty(word: str) -> bool:
    return word in STOP_WORDS or family(word) in EMPTY


def _capitals(text: str) -> int:
    return sum(map(str.isupper, text))
