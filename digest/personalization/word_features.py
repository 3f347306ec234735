"""The words of papers as sparse vectors: how often a paper has each word and pair of words. Pure.

A word is stored as one of BUCKETS numbers (its hash), so that a vector is two small arrays and means the same in every
process. Two words in one day's papers rarely share a number.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from digest.matching import PaperText, fold
from digest.matching.tokens import COMMON_FAMILIES, family
from digest.text.stop_words import STOP_WORDS

BUCKETS = 1 << 16
IN_THE_TITLE = 2  # times that a word of the title counts

# A sample of papers is small, so a word's document frequency is smoothed with a prior.
PRIOR_PAPERS = 200  # papers that the prior counts as
PRIOR_SHARE = 0.01  # of papers that contain a word
PRIOR_SHARE_OF_COMMON = 0.3  # of papers that contain a common word, such as “model”

Buckets = NDArray[np.uint16]
Weights = NDArray[np.float32]

_WORD = re.compile(r"[^\W\d_][^\W_]+")
_COMMON = frozenset(crc32(word.encode()) % BUCKETS for word in COMMON_FAMILIES)
_PRIOR = np.full(BUCKETS, PRIOR_SHARE * PRIOR_PAPERS, np.float32)
_PRIOR[list(_COMMON)] = PRIOR_SHARE_OF_COMMON * PRIOR_PAPERS


class Words(NamedTuple):
    """The words of a paper: their buckets in increasing order, and how strongly the paper is about each."""

    buckets: Buckets
    weights: Weights


NO_WORDS = Words(np.zeros(0, np.uint16), np.zeros(0, np.float32))


def words_of(paper: PaperText) -> Words:
    """Return the words of `paper`. The length of its text makes no difference."""
    return _words_of(paper.title, paper.abstract)


def rarity(papers: Iterable[Words]) -> Weights:
    """Return the rarity (inverse document frequency) of the word in each bucket, among `papers` and by the prior."""
    counts, total = _PRIOR.copy(), float(PRIOR_PAPERS)
    for words in papers:
        counts[words.buckets] += 1
        total += 1
    rarities: Weights = np.log(total / counts)
    return rarities


@lru_cache(maxsize=2_000)  # some 2 kB each
def _words_of(title: str, abstract: str) -> Words:
    counts = Counter(_terms(abstract))
    for term in _terms(title):
        counts[term] += IN_THE_TITLE
    sums: dict[int, float] = {}
    for term, times in counts.items():
        bucket = _bucket(term)
        sums[bucket] = sums.get(bucket, 0.0) + 1 + math.log(times)
    buckets = np.array(sorted(sums), np.uint16)
    weights = np.array([sums[int(bucket)] for bucket in buckets], np.float32)
    # The length does not depend on the sample that the rarity comes from.
    length = float(np.linalg.norm(weights * np.log(PRIOR_PAPERS / _PRIOR[buckets])))
    return Words(buckets, weights / (length or 1.0))


def _terms(text: str) -> Iterator[str]:
    words = _WORD.findall(fold(text))
    yield from (family(word) for word in words if word not in STOP_WORDS)
    pairs = ((one, two) for one, two in pairwise(words) if one not in STOP_WORDS and two not in STOP_WORDS)
    yield from (f"{family(one)} {family(two)}" for one, two in pairs)


@lru_cache(maxsize=50_000)
def _bucket(term: str) -> int:
    return crc32(term.encode()) % BUCKETS
