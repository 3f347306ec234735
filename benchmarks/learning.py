"""The cost of likes: learning from them, reading models, and matching with them, beside the same readers without.

Each reader has two topics of the catalogue, two filters of their own, and a model of ten liked papers. The day has a
hundred papers with embeddings, as in `benchmarks.matching`. All figures are CPU time of one process.

`python -m benchmarks.learning` prints the figures.
"""

import datetime as dt
import json
import random
import sys
import time
from functools import partial
from typing import Any

from benchmarks import matching, scratch, times
from digest.matching.similarity import DIMENSIONS

READERS = 20_000  # with models; more cost the same each
PAPERS = 100
MODELS = 200  # different ones
LIKES = 10
CHUNK = 500  # readers in one read of models
ARCHIVE = 1_000  # papers that readers liked, and papers in general


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return CPU time in µs: of a like, and of a reader and day."""
    return scratch.measure(f"learning.measure({max(2_000, int(READERS * scale))})")


def measure(readers: int) -> dict[str, Any]:
    from digest.email.batch.composer import tune_gc
    from digest.models import LearnedLikes
    from digest.personalization import likes, profiles
    from subscriptions.topics import catalogue

    chance = random.Random(7)
    words = matching._vocabulary(chance)
    topics = profiles.of_topics(topic for topic in catalogue.topics() if not topic.is_area)
    index = matching._index(matching._papers(chance, words, topics, PAPERS), topics, chance)
    people, archive = _people(readers), _archive(chance, words, topics)
    learning = _learn(chance, people[:MODELS], archive)
    _copy_models(LearnedLikes.objects.order_by("pk"), people)
    tune_gc()  # as a worker does
    pks = [person.pk for person in people]
    likes.of_readers(pks[:CHUNK])  # caches the liked papers
    reading = plain = with_likes = 0.0
    found = 0
    for start in range(0, len(pks), CHUNK):
        models, took = times.timed(partial(likes.of_readers, pks[start : start + CHUNK]))
        reading += took
        # Other readers, because the same filters would be cached.
        asked, others = (list(matching._readers(chance, words, topics))[: len(models)] for _ in range(2))
        plain += times.timed(partial(matching.match_all, index, asked))[1]
        papers, took = times.timed(partial(matching.match_all, index, others, list(models.values())))
        with_likes += took
        found += papers
    return {
        "cpu_us_per_like": times.microseconds(learning / MODELS),
        "cpu_us_reading_a_model": times.microseconds(reading / readers),
        "cpu_us_per_reader": times.microseconds((reading + with_likes - plain) / readers),
        "cpu_us_matching_without": times.microseconds(plain / readers),
        "cpu_us_matching_with": times.microseconds((reading + with_likes) / readers),
        "papers_per_reader": round(found / readers, 1),
        "bytes_per_model": _size(LearnedLikes.objects.latest("pk")),
        "by_meaning": index.corpus.embedding_space is not None,
        "readers": readers,
    }


def _people(count: int) -> Any:
    from subscriptions.models import Subscriber

    now = dt.datetime.now(dt.UTC)
    rows = (
        Subscriber(email=f"r{number}@example.org", status="active", confirmed_at=now, active_since=now)
        for number in range(count)
    )
    Subscriber.objects.bulk_create(rows, batch_size=1_000)
    return list(Subscriber.objects.order_by("pk"))


def _archive(chance: random.Random, words: list[str], topics: Any) -> Any:
    """Make papers with random embeddings."""
    import numpy as np

    from digest.matching.assembly import text_of
    from digest.models import Paper, Vector
    from digest.personalization import embeddings

    made = matching._papers(chance, words, topics, ARCHIVE)
    papers = Paper.objects.bulk_create(
        Paper(key=paper.key, title=paper.title, abstract=paper.abstract, url="https://example.org") for paper in made
    )
    numbers = np.random.default_rng(9).normal(size=(ARCHIVE, DIMENSIONS)) + 0.5
    numbers = (numbers / np.linalg.norm(numbers, axis=1, keepdims=True)).astype(np.float16)
    Vector.objects.bulk_create(
        Vector(key=embeddings.key_of(text_of(paper)), kind="paper", values=row.tobytes(), used_on=dt.date.today())
        for paper, row in zip(papers, numbers, strict=True)
    )
    return papers


def _learn(chance: random.Random, people: Any, papers: Any) -> float:
    """Learn a model for each of `people`, and return the CPU time of all."""
    from digest.models import Opinion
    from digest.personalization import likes

    now = dt.datetime.now(dt.UTC)
    Opinion.objects.bulk_create(
        Opinion(subscriber=person, paper=paper, verdict="like", said_at=now)
        for person in people
        for paper in chance.sample(papers, LIKES)
    )
    likes.learn(people[0], now=now)  # reads the papers in general, as the first like of a process does
    began = time.process_time()
    for person in people:
        likes.learn(person, now=now)
    return time.process_time() - began


def _copy_models(models: Any, people: Any) -> None:
    """Give every other reader a copy of one of the models."""
    learned = list(models)
    names = [field.attname for field in learned[0]._meta.concrete_fields if not field.primary_key]
    values = [{name: getattr(row, name) for name in names} for row in learned]
    known = {row.subscriber_id for row in learned}
    rest = (person for person in people if person.pk not in known)
    models.model.objects.bulk_create(
        (
            models.model(**values[number % len(values)] | {"subscriber_id": person.pk})
            for number, person in enumerate(rest)
        ),
        batch_size=500,
    )


def _size(row: Any) -> int:
    return sum(len(bytes(value)) for value in (row.meaning, row.buckets, row.weights))


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=1))
