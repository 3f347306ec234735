"""A day of generated papers, and readers who want ten of them each. The seed makes every run the same."""

import datetime as dt
import random
from itertools import islice

from benchmarks import corpus
from digest.matching.similarity import DIMENSIONS
from digest.models import Edition, Paper, TextExpansion, Vector
from digest.personalization import embeddings, expansions
from subscriptions.models import Subscriber, Topic, TopicFilter

TOPICS_OF_THE_DAY = 24  # topics that the papers are about
A_READERS_TOPICS = 4
PHRASES = 1_000  # phrases that readers choose from
BATCH = 5_000
DAY = dt.date(2026, 8, 20)  # a Thursday


def make_edition(papers: int, now: dt.datetime) -> Edition:
    """Store and return an edition with this many papers about a few of the catalogue's topics."""
    chance = random.Random(1)
    words, weights = corpus.vocabulary(chance)
    edition = Edition.objects.create(day=DAY, published_at=now, closed_at=now, send_after=now)
    phrases = [topic.phrases[:4] for topic in topics()]
    for rank in range(papers):
        about = [chance.choice(few) for few in chance.sample(phrases, 4)]
        paper = corpus.make_paper(chance, words, weights, about, edition, 0, rank)
        paper.title = f"{about[0].title()} and {about[1].title()}: {paper.title}"
        paper.abstract = f"We study {', '.join(about)}. {paper.abstract}"
        paper.save()
    return edition


def make_readers(readers: int, now: dt.datetime, *, typing: float, seed: int = 2, names: bool = False) -> None:
    """Store active readers. Each follows a few of the day's topics, and a share `typing` (0…1) also words of their own.

    These are two phrases that others type, too, or with `names` a name of three words. One in five reads German.
    """
    chance = random.Random(seed)
    typed, offered = _typed(chance), topics()
    typed_words = sorted({word for phrase in typed for word in phrase.split() if word.isalnum()})
    for begin in range(0, readers, BATCH):
        some = [_reader(f"{seed}-{number}", chance, now) for number in range(begin, min(begin + BATCH, readers))]
        Subscriber.objects.bulk_create(some)
        filters = []
        for reader in some:
            ticked = chance.sample(offered, A_READERS_TOPICS)
            filters += [TopicFilter(subscriber=reader, topic=topic) for topic in ticked]
            if chance.random() < typing:
                words = " ".join(chance.sample(typed_words, 3)) if names else ", ".join(chance.sample(typed, 2))
                filters.append(TopicFilter(subscriber=reader, words=words))
        TopicFilter.objects.bulk_create(filters, batch_size=BATCH)


def know_names(now: dt.datetime) -> None:
    """Store an embedding and an expansion of each name that a reader typed, as a site does when it is saved."""
    import numpy as np

    texts = sorted(set(TopicFilter.objects.filter(topic=None).values_list("words", flat=True)))
    numbers = np.random.default_rng(7)
    for start in range(0, len(texts), BATCH):
        some = texts[start : start + BATCH]
        rows = numbers.normal(size=(len(some), DIMENSIONS)).astype(np.float32) / DIMENSIONS**0.5
        Vector.objects.bulk_create(
            Vector(key=embeddings.key_of(text), kind="asked", values=row.astype(np.float16).tobytes(), used_on=now)
            for text, row in zip(some, rows, strict=True)
        )
        TextExpansion.objects.bulk_create(
            TextExpansion(
                key=expansions.key_of((text, ())),
                words=[[word, 0.1, word] for word in text.split()],
                words_mean=0.1,
                values=row.tobytes(),
                made_on=now,
                used_on=now,
            )
            for text, row in zip(some, rows, strict=True)
        )


def topics() -> list[Topic]:
    """Return the topics that the day is about, without broader topics."""
    return list(islice(Topic.objects.filter(narrower=[]).order_by("slug"), TOPICS_OF_THE_DAY))


def _reader(name: str, chance: random.Random, now: dt.datetime) -> Subscriber:
    since = now - dt.timedelta(days=chance.randint(1, 400))
    return Subscriber(
        email=f"reader-{name}@example.com",
        status=Subscriber.Status.ACTIVE,
        language="de" if chance.random() < 0.2 else "en",
        confirmed_at=since,
        active_since=since,
        max_papers=10,
    )


def _typed(chance: random.Random) -> list[str]:
    """Return phrases as readers type them: two significant words that are next to each other in a paper of the day."""
    texts = [[w for w in p.abstract.lower().replace(".", "").split() if w not in corpus.COMMON] for p in _papers()]
    found: set[str] = set()
    while len(found) < PHRASES:
        text = chance.choice(texts)
        begin = chance.randrange(len(text) - 1)
        found.add(" ".join(text[begin : begin + 2]).strip(",;:-"))
    return sorted(found)


def _papers() -> list[Paper]:
    return list(Paper.objects.order_by("pk"))
