"""Assembly of an index from papers, topics and the embeddings that are known. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from digest.matching.cache import BoundedCache
from digest.matching.corpus import NO_EARLIER_PAPERS, EarlierPapers
from digest.matching.index import Index
from digest.matching.similarity import DIMENSIONS, EmbeddingSpace, LookUp, Vectors
from digest.matching.thesaurus import Thesaurus
from digest.matching.types import Assessments, Interest, PaperText

_thesauri: BoundedCache[tuple[tuple[Interest, ...], bytes], Thesaurus] = BoundedCache(4)

# Topics. Their mean embedding is what short texts have in common; a few topics would have their subject in common.
MIN_TOPICS = 50
MIN_WORDS = 3  # in a text that is compared by embedding; one or two words are better searched for literally


def assemble_index(
    papers: Iterable[PaperText],
    topics: Sequence[Interest],
    vectors: Mapping[str, Vectors] | None = None,
    background: Vectors | None = None,
    look_up: LookUp | None = None,
    assessments: Assessments | None = None,
    earlier: EarlierPapers = NO_EARLIER_PAPERS,
) -> Index:
    """Return the index of `papers`, with `topics` as its thesaurus. Without `vectors` it matches by words alone.

    `vectors` maps texts of papers (`text_of`) and profiles of topics to their embeddings. `background` holds the
    embeddings of other papers, one row each. `look_up` returns the embeddings of texts in readers' filters.
    `assessments` are those of a language model. `earlier` is what the archive says about words and texts.
    """
    papers = list(papers)
    if not vectors:
        return Index(papers, None, _thesaurus(topics), assessments, earlier)

    def vectors_of(texts: Sequence[str]) -> list[Vectors | None]:
        found: dict[str, Vectors | None] = {text: vectors[text] for text in texts if text in vectors}
        if look_up and (others := [text for text in texts if text not in vectors and len(text.split()) >= MIN_WORDS]):
            found |= dict(zip(others, look_up(others), strict=True))
        return [found.get(text) for text in texts]

    paper_vectors = _stack_vectors([text_of(paper) for paper in papers], vectors)
    topic_vectors = _stack_vectors([topic.profile for topic in topics], vectors)
    embedding_space = EmbeddingSpace(
        paper_vectors,
        paper_vectors[:0] if background is None else background,
        vectors_of,
        center_of(topic_vectors),
    )
    return Index(papers, embedding_space, _thesaurus(topics, topic_vectors), assessments, earlier)


def center_of(topics: Vectors) -> Vectors | None:
    """Return the embedding that short texts share: the mean over all `topics`, or None if there are few of these."""
    return np.asarray(topics.mean(axis=0), np.float32) if len(topics) >= MIN_TOPICS else None


def text_of(paper: PaperText) -> str:
    """Return the text of a paper that is embedded."""
    return f"{paper.title}. {paper.abstract}"


def thesaurus_of(topics: Sequence[Interest], vectors: Mapping[str, Vectors] | None = None) -> Thesaurus:
    """Return the thesaurus of `topics`. `vectors` maps their profiles to embeddings."""
    return _thesaurus(topics, _stack_vectors([topic.profile for topic in topics], vectors) if vectors else None)


def _thesaurus(topics: Sequence[Interest], vectors: Vectors | None = None) -> Thesaurus:
    """Return the thesaurus of `topics`, cached: many days and searches share it, and it costs as much as 100 papers."""
    key = (tuple(topics), b"" if vectors is None else vectors.tobytes())
    return _thesauri.get(key) or _thesauri.put(key, Thesaurus(topics, vectors))


def _stack_vectors(texts: Sequence[str], vectors: Mapping[str, Vectors]) -> Vectors:
    """Return one row for each text: its embedding, or zeros (similar to nothing) if there is none yet."""
    rows = np.zeros((len(texts), DIMENSIONS), np.float32)
    for number, text in enumerate(texts):
        if text in vectors:
            rows[number] = vectors[text]
    return rows
