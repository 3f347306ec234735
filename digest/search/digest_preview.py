"""What a reader's wishes would have brought: in the last editions, or in the last week where the digest is weekly."""

from collections.abc import Iterable
from dataclasses import dataclass

from digest.matching import Interest
from digest.personalization import profiles
from digest.personalization.digest_selection import Digest, compose
from digest.search import index_cache
from digest.search.preview_hints import Advice, advise
from subscriptions.models import Subscriber, Topic
from subscriptions.query import grammar
from subscriptions.readers.preferences import Preferences


@dataclass(frozen=True)
class Preview:
    """The digests that the last editions would have made, the newest first, or the last week its one; and what a friend
    would remark."""

    digests: tuple[Digest, ...]
    advice: tuple[Advice, ...]
    follows_something: bool  # else each digest holds the most voted papers
    is_weekly: bool

    @property
    def papers(self) -> int:
        """How many papers in all."""
        return sum(len(digest.for_you) for digest in self.digests)

    @property
    def of_how_many(self) -> int:
        return sum(digest.of_how_many for digest in self.digests)

    @property
    def a_digest(self) -> int:
        """How many papers each, to the nearest whole one."""
        return round(self.papers / len(self.digests)) if self.digests else 0


def preview(wishes: Preferences, reader: Subscriber | None = None) -> Preview:
    """Compose the last digests for `wishes`, with what was learnt from `reader` where there is one.

    Raises FilterError if the words can't be read.
    """
    own = grammar.parse(wishes.words)
    taste = profiles.feedback_model_of(reader, wishes.topics) if reader else None
    wanted = profiles.make_profile(wishes.topics, [own], wishes.max_papers, amount=wishes.amount, taste=taste)
    is_weekly = wishes.frequency == Subscriber.Frequency.WEEKLY
    recent = index_cache.last_week() if is_weekly else index_cache.last()
    digests = tuple(compose(index, wanted, day) for day, index in recent.days)
    brings_nothing = not any(digest.for_you for digest in digests)
    broader = _broader(wishes.topics, own.min_votes) if brings_nothing else ()
    advice = advise(recent, digests, wanted, own, broader)
    return Preview(digests, advice, follows_something=bool(wanted.interests), is_weekly=is_weekly)


def _broader(topics: Iterable[Topic], least_votes: int) -> tuple[Interest, ...]:
    """The topics that stand for any of `topics`, and for others as well."""
    slugs = {topic.slug for topic in topics}
    offered = Topic.objects.filter(is_offered=True).exclude(narrower=[])
    return profiles.with_votes(profiles.of_topics(row for row in offered if slugs & {*row.narrower}), least_votes)
