"""Matching a day's papers with a million readers, each with two topics of the catalogue and two filters of their own.

Nearly every own filter is unique. It has one to three phrases of one or two words; one filter in ten has a name of
three words, and one in twenty has a sentence, which are also compared by embedding. The embeddings are known, because
a site computes them when a filter is saved. The measurement includes everything else: parsing the filter, matching,
and selecting a list of ten papers shared among the four filters. All figures are CPU time of one process.

`python -m benchmarks.matching` prints the figures.
"""

import datetime as dt
import json
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from benchmarks import scratch
from digest.matching import Index, Interest
from digest.matching.assembly import assemble_index, text_of
from digest.matching.similarity import DIMENSIONS, missing_packages
from digest.personalization.digest_selection import QueryProfile, compose
from digest.personalization.like_filter import Likes
from subscriptions.query.grammar import parse

READERS = 1_000_000
PAPERS = (100, 1_000)
Reader = tuple[list[Interest], tuple[str, str]]  # the topics and the typed filters

PARTS = 4  # equal parts of the readers, timed separately to show whether the cost per reader grows
WORDS = 20_000
CHUNK = 500  # readers generated at a time, outside the measured time
VECTORS = 1_000  # different embeddings
CLOSE = 5.0  # weight of one paper's embedding in a filter's embedding, added to random noise
DAY = dt.date(2026, 8, 20)


@dataclass(frozen=True)
class RandomPaper:
    key: str
    title: str
    abstract: str
    votes: int
    authors: tuple[str, ...] = ("Ada Lovelace", "Alan Turing")
    categories: tuple[str, ...] = ("cs.LG",)
    keywords: tuple[str, ...] = ()


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return CPU time and memory for a million readers (times `scale`), by the number of papers in the day."""
    readers = max(10_000, int(READERS * scale))
    return {str(papers): scratch.measure(f"matching.measure({readers}, {papers})") for papers in PAPERS}


def measure(readers: int, papers: int) -> dict[str, Any]:
    from digest.email.batch.composer import tune_gc
    from digest.personalization import profiles
    from subscriptions.topics import catalogue

    chance = random.Random(7)
    topics = profiles.of_topics(catalogue.topics())
    words = _vocabulary(chance)
    began = time.process_time()
    index = _index(_papers(chance, words, topics, papers), topics, chance)
    indexing = time.process_time() - began
    tune_gc()  # as a worker does
    parts, matched = [], 0
    for _ in range(PARTS):
        took = 0.0
        for _ in range(readers // PARTS // CHUNK):
            asked = list(_readers(chance, words, topics))
            began = time.process_time()
            matched += match_all(index, asked)
            took += time.process_time() - began
        parts.append(took)
    return {
        "cpu_seconds": round(sum(parts) + indexing, 1),
        "cpu_us_per_reader": round(sum(parts) / readers * 1e6, 1),
        "indexing_seconds": round(indexing, 2),
        "last_part_to_first": round(parts[-1] / parts[0], 2),
        "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "papers_per_reader": round(matched / readers, 1),
        "readers": readers,
        "by_meaning": index.corpus.embedding_space is not None,
    }


def match_all(index: Index, asked: Sequence[Reader], models: Sequence[Likes | None] | None = None) -> int:
    """Match readers, from the typed filters to the lists for the emails. Return the number of their papers.

    As in a worker, names and sentences of many readers are matched together.
    """
    from digest.email.batch.composer import PREPARED

    found = 0
    for start in range(0, len(asked), PREPARED):
        some = [
            (*followed, *(Interest("Your words", parse(text)) for text in texts))
            for followed, texts in asked[start : start + PREPARED]
        ]
        index.prepare(chain.from_iterable(some))
        likes = models[start : start + PREPARED] if models else [None] * len(some)
        profiles = (QueryProfile(interests, likes=model) for interests, model in zip(some, likes, strict=True))
        found += sum(len(compose(index, profile, DAY).for_you) for profile in profiles)
    return found


def _readers(chance: random.Random, words: list[str], topics: list[Interest]) -> Iterator[Reader]:
    for _ in range(CHUNK):
        followed = [topics[int(chance.random() ** 2 * len(topics))] for _ in range(2)]  # some topics have many readers
        yield followed, (_text(chance, words), _text(chance, words))


def _text(chance: random.Random, words: list[str]) -> str:
    phrases = [_phrase(chance, words) for _ in range(chance.randint(1, 3))]
    kind = chance.random()
    if kind < 0.1:
        phrases[0] = " ".join(chance.choices(words, k=3))
    elif kind < 0.15:
        phrases.append(f"about: {' '.join(chance.choices(words, k=10))}")
    return ", ".join(phrases)


def _phrase(chance: random.Random, words: list[str]) -> str:
    """Return a word that few papers contain, or any two words, which are seldom next to each other in a paper."""
    return words[int(chance.random() * WORDS)] if chance.random() < 1 / 3 else " ".join(chance.choices(words, k=2))


def _index(papers: list[RandomPaper], topics: list[Interest], chance: random.Random) -> Index:
    if missing_packages():
        return assemble_index(papers, topics)
    import numpy as np

    numbers = np.random.default_rng(7).normal(size=(VECTORS, DIMENSIONS)).astype(np.float32)
    numbers += 0.5  # make all point in a similar direction, as embeddings of real texts do
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    texts = [*map(text_of, papers), *(topic.profile for topic in topics)]
    vectors = {text: numbers[chance.randrange(VECTORS)] for text in texts}
    # A filter's embedding is close to some texts and equal to none. The closest differs from the mean by four or five
    # standard deviations, as with real texts.
    typed = np.random.default_rng(8).normal(size=(VECTORS, DIMENSIONS)).astype(np.float32) + CLOSE * numbers
    typed /= np.linalg.norm(typed, axis=1, keepdims=True)
    return assemble_index(
        papers, topics, vectors, numbers[:300], lambda texts: [typed[hash(text) % VECTORS] for text in texts]
    )


def _papers(chance: random.Random, words: list[str], topics: list[Interest], count: int) -> list[RandomPaper]:
    phrases = [phrase for topic in topics for phrase in topic.criteria.quoted]
    return [_paper(chance, words, phrases, number) for number in range(count)]


def _paper(chance: random.Random, words: list[str], phrases: list[str], number: int) -> RandomPaper:
    """Return a paper of about two hundred words, with ten phrases of the catalogue."""
    body = [*chance.choices(words, k=180), *chance.sample(phrases, 10)]
    chance.shuffle(body)
    title = [*chance.choices(words, k=6), chance.choice(phrases)]
    return RandomPaper(f"arxiv:{number}", " ".join(title), " ".join(body), votes=chance.randrange(100))


def _vocabulary(chance: random.Random) -> list[str]:
    """Return twenty thousand words, and then forty thousand repetitions of them that favor the first words."""
    letters = "bcdfghklmnprstvz"
    words = [
        "".join(chance.choice(letters) + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))
        for _ in range(WORDS)
    ]
    return words + [words[int(chance.random() ** 4 * len(words))] for _ in range(40_000)]


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=1))
