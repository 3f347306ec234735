"""The readers of a batch, read as plain rows in five queries.

For one reader, `profiles.profile_of` makes the same profile from Django's models: change both together. Here, model
instances would cost more than the email itself.
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from digest import clock
from digest.matching import Interest
from digest.personalization import likes as learned_likes
from digest.personalization import profiles
from digest.personalization.digest_selection import QueryProfile
from digest.personalization.like_filter import Likes
from digest.personalization.slot_limits import SlotLimits
from subscriptions.models import Subscriber, Topic, TopicFilter
from subscriptions.query.grammar import FilterError, parse
from subscriptions.security.link_tokens import written_generation

RATED = dt.timedelta(days=60)  # earlier ratings are of papers that no digest holds any more
MAX_WORDS = 5_000  # different filters in readers' own words that are cached: some 5 MB

FILTERS_QUERY = f"""
    SELECT subscriber_id, topic_id, words FROM {TopicFilter._meta.db_table}
    WHERE subscriber_id IN (ids) ORDER BY subscriber_id, id
"""  # noqa: S608  # the table's name
# The date is cast to text, because SQLite's driver would parse a datetime for each row.
READERS = f"""
    SELECT id, uid, link_generation, email, language, CAST(confirmed_at AS varchar(10)),
        {", ".join(profiles.READER_FIELDS)}
    FROM {Subscriber._meta.db_table} WHERE id IN (ids)
"""  # noqa: S608

FilterRow = tuple[int | None, str]  # a topic's id, or words
Feedback = tuple[Likes | None, SlotLimits | None]


class Recipient(NamedTuple):
    """A reader who gets an email."""

    id: int
    uid: bytes
    generation: bytes  # of the reader's links, as it is in tokens
    address: str
    language: str
    frequency: str
    confirmed: dt.date  # UTC
    profile: QueryProfile


class RecipientLoader:
    """A loader of readers that caches what they share: topics, and their own filters that several of them typed."""

    def __init__(self) -> None:
        self._topics: dict[int, Interest] = {}

    def read(self, ids: Sequence[int]) -> dict[int, Recipient | FilterError]:
        """Return the readers of `ids` that exist, by id. If one's words cannot be parsed, return the error instead."""
        filters: dict[int, list[FilterRow]] = {}
        for reader, topic, words in _rows(FILTERS_QUERY, ids):
            filters.setdefault(reader, []).append((topic, words))
        likes, limits = learned_likes.of_readers(ids), profiles.slot_limits(ids)
        dismissed = profiles.dismissed(ids, since=clock.now() - RATED)
        if not self._topics.keys() >= {topic for several in filters.values() for topic, _ in several if topic}:
            topics = list(Topic.objects.all())
            self._topics = dict(zip((topic.pk for topic in topics), profiles.of_topics(topics), strict=True))
        return {
            row[0]: self._recipient(
                row,
                filters.get(row[0], []),
                (likes.get(row[0]), limits.get(row[0])),
                dismissed.get(row[0], frozenset()),
            )
            for row in _rows(READERS, ids)
        }

    def _recipient(
        self, row: Any, filters: list[FilterRow], feedback: Feedback, dismissed: frozenset[str]
    ) -> Recipient | FilterError:
        reader, uid, generation, address, language, confirmed, *values = row
        settings = dict(zip(profiles.READER_FIELDS, values, strict=True))
        likes, slot_limits = feedback
        try:
            profile = self._profile(
                filters,
                likes=likes,
                slot_limits=slot_limits,
                dismissed=dismissed,
                **profiles.settings_of(settings),
            )
        except FilterError as error:
            return error
        uid_bytes = bytes.fromhex(uid) if isinstance(uid, str) else uid.bytes  # SQLite has it in hexadecimal
        links = written_generation(generation)
        frequency = settings["frequency"]
        return Recipient(reader, uid_bytes, links, address, language, frequency, _day(confirmed[:10]), profile)

    def _profile(self, filters: list[FilterRow], **settings: Any) -> QueryProfile:
        interests = [self._topics[topic] for topic, _ in filters if topic is not None]
        if any(topic.narrower for topic in interests):
            interests = profiles.without_included(interests)
        exclusions: tuple[str, ...] = ()
        votes = 0
        for topic, words in filters:
            if topic is None:
                own, excluded, least = _own_words(words)
                interests += own
                exclusions += excluded
                votes = max(votes, least)
        return QueryProfile(profiles.with_votes(interests, votes), exclusions, **settings)


@lru_cache(MAX_WORDS)
def _own_words(words: str) -> tuple[tuple[Interest, ...], tuple[str, ...], int]:
    """Return the interests in `words`, the excluded phrases, and the minimum of votes."""
    criteria = parse(words)
    return tuple(profiles.of_words(criteria, are_saved=True)), criteria.exclusions, criteria.min_votes


@lru_cache(10_000)
def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _rows(statement: str, ids: Sequence[int]) -> list[Any]:
    """Return the rows as the database driver gives them, because objects would cost more than the email."""
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("(ids)", f"({', '.join(map(str, map(int, ids)))})"))
        return list(cursor.fetchall())
