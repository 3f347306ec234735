"""Coverage of a query by each paper: its BM25 score as a share of the highest possible score. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digest.matching.phrase_index import fields_of
from digest.matching.tokens import COMMON_FAMILIES, WORD, families_of, family, fold
from digest.matching.types import PaperText

FIELD_WEIGHTS = {"title": 5.0, "abstract": 1.0, "keywords": 1.0}
K1 = 3.0  # saturation: the number of mentions that gives half of a word's maximum weight
LENGTH_PENALTY = 0.75  # b: how strongly a long text is penalized

# A day has few papers, so a word's document frequency is smoothed with a prior for the field.
PRIOR_PAPERS = 200  # papers that the prior counts as
PRIOR_SHARE_OF_COMMON = 0.3  # prior share of papers that contain a common word
PRIOR_SHARE_OF_OTHERS = 0.01  # prior share of papers that contain any other word

MIN_MAX_RARITY = 6.0  # of a word that no other paper has; few papers don't show how rare a word is

Values = NDArray[np.float64]  # one value for each paper, by paper number

_NO_PAPERS: NDArray[np.intp] = np.array([], np.intp)
_NO_WEIGHTS: Values = np.array([], np.float64)


class Posting(NamedTuple):
    """The numbers of the papers that contain a word, and the word's weight in each: at most its rarity."""

    papers: NDArray[np.intp]
    weights: Values
    rarity: float  # inverse document frequency: the logarithm of (papers / papers that contain the word)


class WordCounts(NamedTuple):
    """The number of papers, and for each word family the number of papers that contain it."""

    papers: int = 0
    counts: Mapping[str, int] = {}


NO_COUNTS = WordCounts()


class Bm25Index:
    """An inverted index of a day's papers by word family.

    `usual` counts the words of earlier papers. With them, a word that all papers of a narrow day contain is still rare.
    """

    def __init__(self, papers: Sequence[PaperText], usual: WordCounts = NO_COUNTS) -> None:
        self._usual = usual
        self._count = len(papers)
        self._papers = papers
        counts = [_count(paper) for paper in papers]
        average = sum(map(Counter.total, counts)) / max(1, len(counts)) or 1.0
        self._shares: dict[str, dict[int, float]] = defaultdict(dict)
        for number, words in enumerate(counts):
            length_norm = K1 * (1 - LENGTH_PENALTY + LENGTH_PENALTY * words.total() / average)
            for word, times in words.items():
                self._shares[word][number] = times / (times + length_norm)
        self._postings: dict[str, Posting] = {}  # made on demand, because a search needs few of them
        self._max_rarity = self._rarity_of(0, PRIOR_SHARE_OF_OTHERS)
        self._words_by_family = lru_cache(maxsize=250)(self._read_words)  # about 30 kB for each paper

    def coverage(self, text: str) -> Values:
        """Return how much of `text` each paper covers, 0…1."""
        covered: Values = self.coverages([text])[0]
        return covered

    def coverages(self, texts: Sequence[str]) -> Values:
        """Return how much of each text (a row) each paper (a column) covers, 0…1."""
        postings = [self._postings_of(text) for text in texts]
        rarities = [sum([posting.rarity for posting in of_text]) or 1.0 for of_text in postings]
        covered: Values = self._add_up(postings) / np.array(rarities)[:, None]
        return covered

    def score(self, text: str) -> Values:
        """Return the BM25 score of each paper for `text`, as a number of words that no other paper has.

        A common word counts for less than one. So a score means about the same for few papers as for many.
        """
        scores: Values = self.scores([text])[0]
        return scores

    def scores(self, texts: Sequence[str]) -> Values:
        """Return the `score` of each paper (a column) for each text (a row)."""
        known = [[self._posting(word) for word in families_of(text) if word in self._shares] for text in texts]
        return self._add_up(known) / max(self._max_rarity, MIN_MAX_RARITY)

    def weighted_sum(self, counts: Mapping[str, float], *, squared: bool = False) -> Values:
        """Return for each paper the sum of its words' weights (or of their squares), multiplied by `counts`."""
        shares, postings = self._shares, self._postings
        known = [
            (postings.get(word) or self._make_posting(word), count) for word, count in counts.items() if word in shares
        ]
        if not known:
            return np.zeros(self._count)
        papers = np.concatenate([posting.papers for posting, _ in known])
        weights = np.concatenate([posting.weights for posting, _ in known])
        factors = np.repeat([count for _, count in known], [posting.papers.size for posting, _ in known])
        sums = np.bincount(papers, factors * (weights**2 if squared else weights), self._count)
        return sums.astype(np.float64, copy=False)

    def share_sum(self, weights: Mapping[str, float]) -> Values:
        """Return for each paper the sum of `weights` of its words, each less if the paper mentions it less."""
        return self.weighted_sum(
            {word: weight / self._posting(word).rarity for word, weight in weights.items() if word in self._shares}
        )

    def words(self) -> Iterator[tuple[str, Collection[int]]]:
        """Yield each word family with the numbers of the papers that contain it."""
        yield from ((word, shares.keys()) for word, shares in self._shares.items())

    def rarity(self, word: str) -> float:
        """Return the inverse document frequency of a word family."""
        return self._posting(word).rarity

    def matching_words(self, text: str, number: int) -> list[tuple[str, str, str]]:
        """Return the words of a paper that share a family with a word of `text`, in the order of the paper.

        Each is a tuple: the word as the paper writes it, its field, and its family.
        """
        words = self._words_by_family(number)
        found = sorted((words[shared], shared) for shared in words.keys() & families_of(text))
        return [(word, name, word_family) for (_, word, name), word_family in found]

    def _read_words(self, number: int) -> dict[str, tuple[int, str, str]]:
        """Return the first occurrence of each word family in a paper: its rank, the word as written, and its field."""
        found: dict[str, tuple[int, str, str]] = {}
        for name, value in fields_of(self._papers[number]):
            for word in WORD.finditer(value):
                found.setdefault(family(fold(word[0])), (len(found), word[0], name))
        return found

    def _postings_of(self, text: str) -> list[Posting]:
        return [self._postings.get(word) or self._make_posting(word) for word in families_of(text)]

    def _add_up(self, postings: Sequence[Sequence[Posting]]) -> Values:
        """Return the sums of the weights in each list of postings (a row) by paper (a column)."""
        known = [posting for row in postings for posting in row if posting.papers is not _NO_PAPERS]
        papers = np.concatenate([_NO_PAPERS, *(posting.papers for posting in known)])
        weights = np.concatenate([_NO_WEIGHTS, *(posting.weights for posting in known)])
        sizes = [sum([posting.papers.size for posting in row]) for row in postings]
        papers += np.repeat(np.arange(len(postings)) * self._count, sizes)
        sums = np.bincount(papers, weights, len(postings) * self._count)
        table: Values = sums.astype(np.float64, copy=False).reshape(len(postings), self._count)
        return table

    def _posting(self, word: str) -> Posting:
        return self._postings.get(word) or self._make_posting(word)

    def _make_posting(self, word: str) -> Posting:
        shares = self._shares.get(word)
        if shares is None:
            return Posting(_NO_PAPERS, _NO_WEIGHTS, self._rarity(word, 0))
        self._postings[word] = _posting(shares, self._rarity(word, len(shares)))
        return self._postings[word]

    def _rarity(self, word: str, count: int) -> float:
        prior = PRIOR_SHARE_OF_COMMON if word in COMMON_FAMILIES else PRIOR_SHARE_OF_OTHERS
        return self._rarity_of(count + self._usual.counts.get(word, 0), prior)

    def _rarity_of(self, count: int, prior: float) -> float:
        papers = self._count + self._usual.papers + PRIOR_PAPERS
        return -math.log((count + prior * PRIOR_PAPERS) / papers)


def _posting(shares: Mapping[int, float], rarity: float) -> Posting:
    return Posting(np.array([*shares], np.intp), rarity * np.array([*shares.values()], np.float64), rarity)


def _count(paper: PaperText) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, text in fields_of(paper):
        weight = FIELD_WEIGHTS[name]
        for word, times in Counter(map(family, WORD.findall(fold(text)))).items():
            counts[word] += weight * times  # type: ignore[assignment]
    return counts
