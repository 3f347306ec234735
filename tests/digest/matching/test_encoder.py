import math

import numpy as np
import pytest

from digest.matching import encoder
from digest.matching.similarity import missing_packages

needs_the_model = pytest.mark.skipif(bool(missing_packages()), reason=f"needs {', '.join(missing_packages())}")

TEXTS = ["speech recognition", "Robots that learn to grasp from video. " * 9, "RAG", "How proteins fold. " * 40, ""]


def test_its_activation_is_that_of_the_model() -> None:
    numbers = np.linspace(-8, 8, 999, dtype=np.float32)
    exact = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in numbers.tolist()]
    assert np.abs(encoder._gelu(numbers) - exact).max() < 1e-3


@needs_the_model
def test_a_text_has_the_same_embedding_alone_and_among_others() -> None:
    together = encoder.load().encode(TEXTS)
    alone = np.concatenate([encoder.load().encode([text]) for text in TEXTS])
    assert (together * alone).sum(axis=1) == pytest.approx(1, abs=1e-5)


@needs_the_model
def test_the_exact_activation_gives_the_same_embeddings(monkeypatch: pytest.MonkeyPatch) -> None:
    found = encoder.load().encode(TEXTS[:3])
    exact = np.vectorize(lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2, otypes=[np.float32])
    monkeypatch.setattr(encoder, "_gelu", exact)
    assert ((found * encoder.load().encode(TEXTS[:3])).sum(axis=1) >= 0.999_99).all()
