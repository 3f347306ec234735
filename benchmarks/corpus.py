"""A large archive of generated papers. The seed makes every run the same."""

import datetime as dt
import random
from collections.abc import Iterator
from itertools import accumulate

from django.utils import timezone

from digest.models import Edition, Listing, Paper, Source
from digest.papers import topic_assignment
from subscriptions.models import Topic

PAPERS_A_DAY = 1_000
SORTED = 10  # newest editions with assigned topics, which pages show
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu tion ment ing al er or ic ive"
_COMMON = "the of and a to in we is for that on with as are by our this from an which can be model"
SYLLABLES, COMMON = _SYLLABLES.split(" "), _COMMON.split(" ")


def build(papers: int, *, a_day: int = PAPERS_A_DAY, seed: int = 7) -> None:
    """Store this many papers in editions of `a_day` papers, one for each weekday up to today."""
    chance = random.Random(seed)
    words, weights = vocabulary(chance)
    phrases = [phrase for topic in Topic.objects.all() for phrase in topic.phrases]
    source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, defaults={"name": "Hugging Face"})
    editions = []
    for number, day in enumerate(_weekdays(papers // a_day)):
        moment = dt.datetime.combine(day, dt.time(16), dt.UTC)
        edition = Edition.objects.create(day=day, published_at=moment, closed_at=moment)
        made = [make_paper(chance, words, weights, phrases, edition, number, rank) for rank in range(a_day)]
        Paper.objects.bulk_create(made, batch_size=500)
        Listing.objects.bulk_create(
            [Listing(paper=paper, source=source, day=day, votes=paper.votes) for paper in made], batch_size=500
        )
        editions.append(edition)
    for edition in editions[:SORTED]:
        topic_assignment.assign_topics(edition)


def make_paper(
    chance: random.Random,
    words: list[str],
    weights: list[float],
    phrases: list[str],
    edition: Edition,
    number: int,
    rank: int,
) -> Paper:
    body = chance.choices(words, cum_weights=weights, k=chance.randint(120, 260))
    for phrase in chance.sample(phrases, 3):
        body.insert(chance.randrange(len(body)), phrase)
    votes = int(300 / (1 + rank)) if chance.random() < 0.9 else 0
    has_code = chance.random() < 0.4
    return Paper(
        key=f"arxiv:{edition.day:%y%m}.{number:02}{rank:04}",
        url=f"https://arxiv.org/abs/{edition.day:%y%m}.{number:02}{rank:04}",
        title=" ".join(chance.choices(words[22:], k=chance.randint(5, 14))).title(),
        abstract=". ".join(" ".join(body[at : at + 18]).capitalize() for at in range(0, len(body), 18)) + ".",
        authors=[" ".join(chance.choices(words[22:], k=2)).title() for _ in range(chance.randint(1, 12))],
        categories=["cs.CL", "cs.LG"][: chance.randint(1, 2)],
        github_url="https://github.com/example/code" if has_code else "",
        github_stars=chance.randint(1, 5_000) if has_code else None,
        published_on=edition.day,
        votes=votes,
        edition=edition,
        edition_votes=votes,
    )


def vocabulary(chance: random.Random) -> tuple[list[str], list[float]]:
    """Return words, most frequent first, and their cumulative weights by Zipf's law."""
    made = {"".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))) for _ in range(4_000)}
    words = [*COMMON, *sorted(made - set(COMMON))]
    return words, list(accumulate(1 / (5 + rank) for rank in range(len(words))))


def _weekdays(count: int) -> Iterator[dt.date]:
    """Yield the last `count` weekdays, newest first."""
    day = timezone.now().date()
    while count > 0:
        if day.weekday() < 5:
            yield day
            count -= 1
        day -= dt.timedelta(days=1)
