"""Generated preferences, and the CPU time of a preview for each. It needs Django to be set up."""

import random
import time

from benchmarks import corpus, times
from digest.search import index_cache
from digest.search.digest_preview import preview
from subscriptions.models import Topic
from subscriptions.readers.preferences import Preferences


def measure(papers_a_day: int, count: int) -> dict[str, float]:
    """Return the figures. The database must be empty."""
    corpus.build(papers_a_day * index_cache.LAST, a_day=papers_a_day)
    began = time.process_time()
    index_cache.last()
    figures = {"indexes_ms_cpu": round((time.process_time() - began) * 1000, 1)}
    preferences = make(count)
    first, again = [_time(its) for its in preferences], [_time(its) for its in preferences]
    return figures | times.milliseconds(first, "first") | times.milliseconds(again, "again")


def make(count: int, seed: int = 13) -> list[Preferences]:
    """Return preferences with up to eight topics and up to five phrases, some of them misspelled or excluded."""
    chance = random.Random(seed)
    topics = list(Topic.objects.all())
    phrases = [phrase for topic in topics for phrase in topic.phrases]
    found = []
    for number in range(count):
        words = chance.sample(phrases, chance.randint(0, 4))
        if number % 4 == 0 and words:
            words[0] = words[0][:3] + words[0][4:]  # a letter is missing
        if number % 5 == 0:
            words.append(f"-{chance.choice(phrases)}")
        found.append(Preferences(topics=chance.sample(topics, chance.randint(0, 8)), words=", ".join(words)))
    return found


def _time(preferences: Preferences) -> float:
    """Return the CPU time of one preview in seconds."""
    began = time.process_time()
    preview(preferences)
    return time.process_time() - began
