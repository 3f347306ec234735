"""A preview of the digests of the last days that a reader's preferences would have produced."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from digest.matching import Interest
from digest.personalization import profiles
from digest.personalization.digest_selection import Digest, compose
from digest.personalization.expansions import SharedWords, shared_words
from digest.search import index_cache
from digest.search.preview_hints import FilterHint, advise
from subscriptions.models import Subscriber, Topic
from subscriptions.query import grammar
from subscriptions.readers.preferences import Preferences


@dataclass(frozen=True)
class Preview:
    """The digests of the last editions, newest first (or one weekly digest), with hints on the filters."""

    digests: tuple[Digest, ...]
    advice: tuple[FilterHint, ...]
    follows_something: bool  # if False, each digest holds the papers with the most votes
    is_weekly: bool
    shared_words: tuple[SharedWords, ...] = ()

    @property
    def papers(self) -> int:
        """The number of papers in all digests."""
        return sum(len(digest.for_you) for digest in self.digests)

    @property
    def of_how_many(self) -> int:
        return sum(digest.of_how_many for digest in self.digests)

    @property
    def papers_per_digest(self) -> int:
        """The mean number of papers in a digest, rounded."""
        return round(self.papers / len(self.digests)) if self.digests else 0


def preview(preferences: Preferences, reader: Subscriber | None = None) -> Preview:
    """Compose the last digests for `preferences`, with what was learned from `reader` if there is one.

    For a weekly digest, compose one digest of the last week. Raise FilterError if the words can't be parsed.
    """
    own = grammar.parse(preferences.words)
    likes, slot_limits = profiles.feedback_of(reader, preferences.topics) if reader else (None, None)
    is_weekly = preferences.frequency == Subscriber.Frequency.WEEKLY
    are_saved = reader is not None and _are_saved(preferences.words, reader)
    wanted = profiles.make_profile(preferences.topics, [own], are_saved=are_saved)._replace(
        max_papers=preferences.max_papers,
        amount=preferences.amount,
        likes=likes,
        slot_limits=slot_limits,
        by_votes=is_weekly,
        dismissed=profiles.dismissed_by(reader) if reader else frozenset(),
    )
    recent = index_cache.last_week() if is_weekly else index_cache.last()
    digests = tuple(compose(index, wanted, day) for day, index in recent.days)
    is_empty = not any(digest.for_you for digest in digests)
    broader = _broader_topics(preferences.topics, own.min_votes) if is_empty else ()
    advice = advise(recent, digests, wanted, own, broader)
    shared = shared_words(recent.days[0][1].corpus, own) if recent.days else ()
    return Preview(digests, advice, bool(wanted.interests), is_weekly, shared)


def _are_saved(words: str, reader: Subscriber) -> bool:
    """Return whether `words` are those that the reader follows. It only matters if there may be assessments."""
    return bool(settings.JUDGE_API_URL) and reader.filters.filter(topic=None, words=words.strip()).exists()


def _broader_topics(topics: Iterable[Topic], least_votes: int) -> tuple[Interest, ...]:
    """Return the broader topics that include any of `topics`."""
    slugs = {topic.slug for topic in topics}
    offered = Topic.objects.filter(is_offered=True).exclude(narrower=[])
    return profiles.with_votes(profiles.of_topics(row for row in offered if slugs & {*row.narrower}), least_votes)
