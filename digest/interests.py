"""What readers follow, out of the database and into the words of the pure core."""

from collections.abc import Iterable

from digest.composing import Wanted
from digest.matching import Interest
from subscriptions.filters import Criteria
from subscriptions.models import Subscriber, Topic

OWN_WORDS = "Your words"


def wanted_by(subscriber: Subscriber) -> Wanted:
    """What `subscriber` follows; prefetch `filters__topic` for many."""
    rows = list(subscriber.filters.all())
    topics = [row.topic for row in rows if row.topic]
    words = [row.criteria for row in rows if not row.topic]
    return wanted(topics, words, subscriber.max_papers, subscriber.mail_quiet_days, subscriber.amount)


def wanted(
    topics: Iterable[Topic],
    words: Iterable[Criteria] = (),
    max_papers: int = 10,
    on_quiet_days: bool = False,
    amount: str = "balanced",
) -> Wanted:
    """Topics and own words together. What the own words exclude is excluded from everything the reader gets."""
    words = list(words)
    interests = [Interest(topic.name, topic.criteria) for topic in topics]
    interests += [Interest(OWN_WORDS, criteria) for criteria in words if criteria.wants_something]
    return Wanted(
        interests=tuple(interests),
        exclusions=tuple(phrase for criteria in words for phrase in criteria.exclusions),
        max_papers=max_papers,
        on_quiet_days=on_quiet_days,
        amount=amount,
    )
