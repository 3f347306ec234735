"""The evidence of each kind that papers give for names and sentences: words, meaning, topics and expansion. Pure.

It is computed for many texts at once. One product of matrices compares all of them with all papers, which takes a
fraction of the time, and their embeddings and expansions are looked up together.
"""

from collections.abc import Sequence
from itertools import compress

import numpy as np

from digest.matching.bm25 import Values
from digest.matching.corpus import Corpus, TextFeatures
from digest.matching.expansion import Expansion
from digest.matching.similarity import Vectors
from digest.matching.text_questions import Question
from digest.matching.thesaurus import NO_TOPICS, NamedTopics
from digest.matching.tokens import key_of
from digest.matching.types import Interest

Found = Sequence[Vectors | None]  # for each text: its embedding, or a value for each paper; None if it is not known


def features_of(corpus: Corpus, asked: Sequence[Question]) -> list[TextFeatures]:
    """Return the features of each question."""
    texts = [question.text for question in asked]
    vectors = corpus.vectors(texts)
    expansions = corpus.earlier.expansions([(question.text, question.ignored) for question in asked])
    columns = (
        corpus.bm25_index.scores(texts),
        _closeness(corpus, vectors),
        _topics(corpus, asked, vectors),
        [expansion and expansion_words(corpus, expansion) for expansion in expansions],
        [expansion and expansion_closeness(corpus, expansion) for expansion in expansions],
    )
    return [TextFeatures._make(row) for row in zip(*columns, strict=True)]


def topics_of(corpus: Corpus, features: TextFeatures) -> list[tuple[Interest, float]]:
    """Return the catalogue's topics that a text is about, with their weights."""
    topics = corpus.thesaurus.topics if corpus.thesaurus else []
    return [(topics[number], weight) for number, weight in features.topics.weights]


def _closeness(corpus: Corpus, vectors: Found) -> Found:
    embedded = [vector for vector in vectors if vector is not None]
    if corpus.embedding_space is None or not embedded:
        return [None] * len(vectors)
    rows = iter(corpus.embedding_space.closeness_to_texts(np.array(embedded)))
    return [None if vector is None else next(rows) for vector in vectors]


def _topics(corpus: Corpus, asked: Sequence[Question], vectors: Found) -> list[NamedTopics]:
    """Return the catalogue's topics that each question is about."""
    if corpus.thesaurus is None:
        return [NO_TOPICS] * len(asked)
    texts = [
        (question.name or question.text, question.text, vector) for question, vector in zip(asked, vectors, strict=True)
    ]
    is_clear = [text.count(" ") > 1 or corpus.thesaurus.contains(key_of(name)) for name, text, _ in texts]
    found = iter(corpus.thesaurus.topics_in_each([*compress(texts, is_clear)]))
    return [next(found) if clear else NO_TOPICS for clear in is_clear]


def expansion_words(corpus: Corpus, expansion: Expansion) -> Values:
    """Return how much of an expansion's words each paper has, in standard deviations."""
    families = {word.family: word.weight for word in expansion.words}
    return corpus.bm25_index.share_sum(families) - expansion.words_mean


def expansion_closeness(corpus: Corpus, expansion: Expansion) -> Vectors | None:
    """Return the similarity of each paper to an expansion's embedding, in standard deviations, or None without one."""
    if expansion.vector is None or corpus.embedding_space is None:
        return None
    return corpus.embedding_space.expansion_closeness(expansion.vector, expansion.vector_mean)
