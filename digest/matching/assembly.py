"""An index out of papers, topics and the vectors that are at hand. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from digest.matching.cache import BoundedCache
from digest.matching.index import Index
from digest.matching.similarity import SIZE, EmbeddingSpace, LookUp, Vectors
from digest.matching.thesaurus import Thesaurus
from digest.matching.types import Interest, PaperText

_thesauri: BoundedCache[tuple[tuple[Interest, ...], bytes], Thesaurus] = BoundedCache(4)

FEWEST_WORDS = 3  # of a text that is compared by meaning: one word or two are better looked for as they are


def assemble_index(
    papers: Iterable[PaperText],
    topics: Sequence[Interest],
    vectors: Mapping[str, Vectors] | None = None,
    background: Vectors | None = None,
    look_up: LookUp | None = None,
) -> Index:
    """The index of `papers`, with `topics` as its thesaurus; by words alone without `vectors`.

    `vectors` are those of papers (`text_of`) and of topics (their profiles); `background` those of papers in general,
    one row each; `look_up` gives the vector of a text that a reader asks for, where there is one.
    """
    papers = list(papers)
    if not vectors:
        return Index(papers, None, _thesaurus(topics))

    def known(text: str) -> Vectors | None:
        vector = vectors.get(text)
        if vector is None and look_up and len(text.split()) >= FEWEST_WORDS:
            return look_up(text)
        return vector

    of_papers = _rows([text_of(paper) for paper in papers], vectors)
    meaning = EmbeddingSpace(of_papers, of_papers[:0] if background is None else background, known)
    return Index(papers, meaning, _thesaurus(topics, _rows([topic.profile for topic in topics], vectors)))


def text_of(paper: PaperText) -> str:
    """What is encoded of a paper."""
    return f"{paper.title}. {paper.abstract}"


def _thesaurus(topics: Sequence[Interest], vectors: Vectors | None = None) -> Thesaurus:
    """The catalogue is the same for many days and searches, and takes as long to read as a hundred papers."""
    key = (tuple(topics), b"" if vectors is None else vectors.tobytes())
    return _thesauri.get(key) or _thesauri.keep(key, Thesaurus(topics, vectors))


def _rows(texts: Sequence[str], vectors: Mapping[str, Vectors]) -> Vectors:
    """One row for each text; noughts, which are like nothing, where its vector is not there yet."""
    rows = np.zeros((len(texts), SIZE), np.float32)
    for number, text in enumerate(texts):
        if text in vectors:
            rows[number] = vectors[text]
    return rows
