"""Generated queries, and the time of a search for each. It needs Django to be set up."""

import random
import time
from collections.abc import Callable

from benchmarks import corpus, times
from digest.models import Paper
from digest.search import paper_search
from subscriptions.models import Topic


def measure(papers: int, count: int) -> dict[str, float]:
    """Return the figures. An empty database is filled first."""
    if not Paper.objects.exists():
        corpus.build(papers)
    queries = make(count)
    paper_search.search(queries[0])  # warm up
    taken = [_time(query) for query in queries]
    answered = sum(bool(paper_search.search(query).matches) for query in queries[:20])
    figures: dict[str, float] = {"queries": count, "answered_of_20": answered}
    figures |= times.milliseconds([cpu for cpu, _ in taken], "cpu")
    return figures | times.milliseconds([clock for _, clock in taken], "clock")


def make(count: int, seed: int = 11) -> list[str]:
    chance = random.Random(seed)
    phrases = [phrase for topic in Topic.objects.all() for phrase in topic.phrases]
    papers = list(Paper.objects.order_by("pk")[:200])
    kinds: list[Callable[[], str]] = [
        lambda: chance.choice(phrases),
        lambda: f'"{chance.choice(phrases)}"',
        lambda: ", ".join(chance.sample(phrases, 4)),
        lambda: f"{chance.choice(phrases)}, -{chance.choice(phrases)}",
        lambda: f"author:{chance.choice(chance.choice(papers).authors)}",
        lambda: f"cat:{chance.choice(['cs.CL', 'cs.LG', 'cs.*'])}, -{chance.choice(phrases)}",
        lambda: f"{chance.choice(phrases)}, votes:{chance.choice([1, 5, 50])}",
        lambda: f"about: {' '.join(chance.sample(chance.choice(papers).abstract.split(), 9))}",
        lambda: " ".join(chance.choice(papers).title.split()[:3]),
        lambda: "model",
    ]
    return [kinds[number % len(kinds)]() for number in range(count)]


def _time(query: str) -> tuple[float, float]:
    """Return the CPU time of this process and the wall-clock time of one search, in seconds."""
    cpu, clock = time.process_time(), time.perf_counter()
    paper_search.search(query)
    return time.process_time() - cpu, time.perf_counter() - clock
