"""Query expansion by relevance feedback: what earlier papers say about a reader's text. Pure.

The archive's papers that match a text best show what else it means. Words that are frequent in them and rare elsewhere
are looked for, too. The text also gets a second embedding: the weights of a ridge regression that predicts from a
paper's embedding how well the paper matches. Both are computed once for each text, before it is needed.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from digest.matching import scoring_weights
from digest.matching.bm25 import Bm25Index, Values, WordCounts
from digest.matching.phrase_index import fields_of
from digest.matching.similarity import Vectors, unit
from digest.matching.tokens import COMMON_FAMILIES, WORD, families_of, family, fold, has_capitals
from digest.matching.types import PaperText
from digest.text.stop_words import STOP_WORDS

MIN_PAPERS = 200  # papers in an archive; a smaller one says little about a text
WORDS_FROM = 20  # papers that words are taken from: those that match best
MIN_LIKELY = 0.25  # probability that a paper is relevant; others teach no words
MIN_RELEVANT = 1.4  # expected number of relevant papers that contain a word
MAX_WORDS = 30  # words that are looked for
MIN_PAPERS_OF_WORD = 4  # papers of the archive that contain a word
MAX_SHARE_OF_WORD = 0.2  # of the archive's papers; a more frequent word is too general
MIN_PAPERS_COUNTED = 2  # papers that contain a word; as in a day, one paper more or less changes little
MIN_LETTERS = 3
RIDGE = 0.3  # strength of the ridge penalty, in mean variances of the embeddings along one axis
PRIOR = 0.5  # added to counts of papers


class ExpansionWord(NamedTuple):
    """A word family that is looked for, its weight, and the word as papers usually write it."""

    family: str
    weight: float
    word: str


class Expansion(NamedTuple):
    """The words and the embedding that the archive adds to a text."""

    words: tuple[ExpansionWord, ...] = ()
    # Subtracted from the weighted sum of a paper's words, so that it is in standard deviations.
    words_mean: float = 0.0
    # The product with a paper's centered embedding, minus `vector_mean`, is in standard deviations.
    vector: Vectors | None = None
    vector_mean: float = 0.0


class Archive:
    """Earlier papers, with their embeddings (`vectors`) if there are any. `center` is what short texts share."""

    def __init__(
        self, papers: Sequence[PaperText], vectors: Vectors | None = None, center: Vectors | None = None
    ) -> None:
        self._papers = papers
        self._bm25_index = Bm25Index(papers)
        self._families: list[set[str]] = [set() for _ in papers]
        self._counts: Counter[str] = Counter()
        for word, numbers in self._bm25_index.words():
            self._counts[word] = len(numbers)
            for number in numbers:
                self._families[number].add(word)
        self._centered: Vectors | None = None
        if vectors is not None:
            mean = vectors.mean(axis=0, dtype=np.float32)
            self._center = mean if center is None else center
            self._centered = unit(vectors - mean)
            covariance = self._centered.T @ self._centered / len(vectors)
            penalty = RIDGE * float(np.trace(covariance)) / len(covariance) * np.eye(len(covariance), dtype=np.float32)
            self._inverse: Vectors = np.linalg.inv(covariance + penalty).astype(np.float32)

    @property
    def word_counts(self) -> WordCounts:
        """The number of papers that contain each word, except for the rarest words."""
        counts = {word: count for word, count in self._counts.items() if count >= MIN_PAPERS_COUNTED}
        return WordCounts(len(self._papers), counts)

    def expand(self, text: str, vector: Vectors | None = None, ignored: Collection[str] = ()) -> Expansion:
        """Return the expansion of `text` with the embedding `vector`. Papers with `ignored` words teach nothing."""
        likely = self._likely_relevant(text, vector)
        if ignored:
            without = {word for each in ignored for word in families_of(each)}
            likely[[number for number, families in enumerate(self._families) if families & without]] = 0.0
        words, words_mean = self._scaled(self._expansion_words(text, likely), likely)
        if vector is None or self._centered is None:
            return Expansion(words, words_mean)
        weights: Vectors = self._inverse @ (self._centered.T @ likely.astype(np.float32))
        products = self._centered @ weights
        deviation = float(products.std()) or 1.0
        return Expansion(
            words, words_mean, np.asarray(weights / deviation, np.float32), float(products.mean()) / deviation
        )

    def _likely_relevant(self, text: str, vector: Vectors | None) -> Values:
        """Return the probability that each paper of the archive is what `text` asks for."""
        words, weights = self._bm25_index.score(text), scoring_weights.ARCHIVE_BY_WORDS
        odds = weights.intercept + weights.words * words
        if vector is not None and self._centered is not None:
            weights = scoring_weights.ARCHIVE
            cosines = self._centered @ unit(vector - self._center)
            closeness = (cosines - cosines.mean()) / (cosines.std() or 1.0)
            odds = weights.intercept + weights.words * words + weights.closeness * closeness
        return np.asarray(1 / (1 + np.exp(-odds)), np.float64)

    def _best(self, likely: Values) -> list[int]:
        best = np.argsort(-likely, kind="stable")[:WORDS_FROM].tolist()
        return [number for number in best if likely[number] >= MIN_LIKELY]

    def _expansion_words(self, text: str, likely: Values) -> dict[str, float]:
        """Return the words that the best papers have and others have not, with their weights, the best first."""
        asked, best = {*families_of(text)}, self._best(likely)
        relevant = float(likely[best].sum())
        found: dict[str, float] = defaultdict(float)
        for number in best:
            for word in self._families[number]:
                found[word] += float(likely[number])
        ratios = {
            word: _log_odds_ratio(count, relevant, self._counts[word], len(self._papers))
            for word, count in found.items()
            if count >= MIN_RELEVANT and word not in asked and self._is_telling(word)
        }
        telling = sorted(
            (word for word in ratios if ratios[word] > 0), key=lambda word: (-found[word] * ratios[word], word)
        )
        return {word: ratios[word] * min(1.0, found[word] / (relevant + 1)) for word in telling[:MAX_WORDS]}

    def _is_telling(self, word: str) -> bool:
        is_word = len(word) >= MIN_LETTERS and not word.isdigit() and word not in STOP_WORDS
        is_common = self._counts[word] > MAX_SHARE_OF_WORD * len(self._papers) or word in COMMON_FAMILIES
        return is_word and not is_common and self._counts[word] >= MIN_PAPERS_OF_WORD

    def _scaled(self, weights: Mapping[str, float], likely: Values) -> tuple[tuple[ExpansionWord, ...], float]:
        """Return the words with weights that make their sum vary by 1 over the archive, and the mean of the sum."""
        sums, written = self._bm25_index.share_sum(weights), self._written_forms(weights, likely)
        deviation = float(sums.std()) or 1.0
        words = tuple(ExpansionWord(word, weight / deviation, written[word]) for word, weight in weights.items())
        return words, float(sums.mean()) / deviation

    def _written_forms(self, families: Collection[str], likely: Values) -> dict[str, str]:
        """Return the word that the best papers write most often for each family. Only abbreviations keep capitals."""
        forms: dict[str, Counter[str]] = {word: Counter() for word in families}
        for number in self._best(likely):
            for _, text in fields_of(self._papers[number]):
                for word in WORD.findall(text):
                    if (form := forms.get(family(fold(word)))) is not None:
                        form[word if has_capitals(word) else word.lower()] += 1
        return {word: form.most_common(1)[0][0] for word, form in forms.items()}


def _log_odds_ratio(relevant_with: float, relevant: float, with_word: int, papers: int) -> float:
    """Return how much likelier a relevant paper is to have a word than another paper (Robertson and Spärck Jones)."""
    others_with, others = with_word - relevant_with, papers - relevant
    odds = (relevant_with + PRIOR) / max(PRIOR, relevant - relevant_with + PRIOR)
    return math.log(odds * (others - others_with + PRIOR) / (max(0.0, others_with) + PRIOR))
