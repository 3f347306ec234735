"""What was learnt, in words as papers write them: what is weighed are stems, and pairs of them. Pure."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from digest.matching import PaperText, fold, stem
from digest.matching.tokens import STOP, family

WORD = re.compile(r"[^\W\d_][^\W_]+")
_TOGETHER = re.compile(r"\s+|[-\u2010\u2011]")  # between two words; nothing else makes one phrase of them

# Say nothing of what a paper is about, nor does a pair with one of them; unlike STOP, they are weighed all the same.
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
    """Words and pairs of words (such as word:image generation) of `papers`, each as one of them writes it, in the
    fewest capitals. What says nothing is not among them: empty words, and pairs with one, or with a comma between."""
    found: dict[str, str] = {}
    for paper in papers:
        for feature, text in _written(paper.title, paper.abstract, tuple(paper.keywords)).items():
            found[feature] = min(found.get(feature, text), text, key=_capitals)
    return found


def label_of(feature: str, words: dict[str, str]) -> str:
    """A feature for readers, its words as in `words`; nothing where it is of words that aren't there."""
    kind, _, name = feature.partition(":")
    return words.get(feature, "") if kind == "word" else name


@lru_cache(maxsize=300)  # of the papers that pages and mails name something of; each takes some 50 kilobytes
def _written(title: str, abstract: str, keywords: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in (abstract, title, *keywords):
        for feature, whole in _phrases(text):
            found[feature] = min(found.get(feature, whole), whole, key=_capitals)
    return found


def _phrases(text: str) -> Iterator[tuple[str, str]]:
    words = [(fold(word[0]), word) for word in WORD.finditer(text)]
    for it, word in words:
        if not _is_empty(it):
            yield f"word:{stem(it)}", word[0]
    for (one, first), (two, second) in pairwise(words):
        if _TOGETHER.fullmatch(text, first.end(), second.start()) and not (_is_empty(one) or _is_empty(two)):
            yield f"word:{stem(one)} {stem(two)}", " ".join(text[first.start() : second.end()].split())


def _is_empty(word: str) -> bool:
    return word in STOP or family(word) in EMPTY


def _capitals(text: str) -> int:
    return sum(map(str.isupper, text))
