"""The embedding of a topic with examples, by Rocchio's method. Pure."""

from collections.abc import Sequence

import numpy as np

from digest.matching.similarity import Vectors

# Weights of the mean of the right papers and of the mean of the wrong ones; the name and the sentence weigh 1.
RIGHT, WRONG = 1.5, 0.4


def moved(asked: Vectors, right: Sequence[Vectors], wrong: Sequence[Vectors], mean: Vectors) -> Vectors:
    """Return the embedding `asked`, moved toward those of right papers and away from those of wrong ones.

    All are compared with `mean`, the embedding of papers in general. The result has length 1.
    """
    vector = _direction([asked], mean)
    if right:
        vector = vector + np.float32(RIGHT) * _direction(right, mean)
    if wrong:
        vector = vector - np.float32(WRONG) * _direction(wrong, mean)
    return _unit(vector)


def _direction(vectors: Sequence[Vectors], mean: Vectors) -> Vectors:
    return _unit(np.mean(vectors, axis=0) - mean)


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
