"""Readers by the hundred, as their mails need them: in three queries, as plain rows."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from digest.matching import Interest
from digest.personalization import profiles
from digest.personalization.digest_selection import QueryProfile
from digest.personalization.feedback_model import FeedbackModel
from subscriptions.models import Subscriber, Topic, TopicFilter
from subscriptions.query.grammar import FilterError, parse
from subscriptions.security.link_tokens import written_generation

MOST_WORDS = 5_000  # different filters in readers' own words that are kept: some five megabytes

FILTERS = f"""
    SELECT subscriber_id, topic_id, words FROM {TopicFilter._meta.db_table}
    WHERE subscriber_id IN (ids) ORDER BY subscriber_id, id
"""  # noqa: S608  # a name of ours
# As text, since SQLite's driver would make a moment of each.
READERS = f"""
    SELECT id, uid, link_generation, email, language, frequency, CAST(confirmed_at AS varchar(10)),
        max_papers, mail_quiet_days, amount
    FROM {Subscriber._meta.db_table} WHERE id IN (ids)
"""  # noqa: S608

Follows = tuple[int | None, str]  # a topic's id, or words


class Recipient(NamedTuple):
    """Who gets the mail."""

    id: int
    uid: bytes
    generation: bytes  # of the reader's links, as tokens have it
    address: str
    language: str
    frequency: str
    confirmed: dt.date  # UTC
    wanted: QueryProfile


class RecipientLoader:
    """Reads readers, and keeps what they share: the topics, and words of their own that others typed, too."""

    def __init__(self) -> None:
        self._topics: dict[int, Interest] = {}

    def read(self, ids: Sequence[int]) -> dict[int, Recipient | FilterError]:
        """Those of `ids` that there are; for one whose words can't be read (any more), the reason."""
        follows: dict[int, list[Follows]] = {}
        for reader, topic, words in _rows(FILTERS, ids):
            follows.setdefault(reader, []).append((topic, words))
        tastes = profiles.feedback_models(ids)
        if not self._topics.keys() >= {topic for several in follows.values() for topic, _ in several if topic}:
            topics = list(Topic.objects.all())
            self._topics = dict(zip((topic.pk for topic in topics), profiles.of_topics(topics), strict=True))
        return {row[0]: self._reader(row, follows.get(row[0], []), tastes.get(row[0])) for row in _rows(READERS, ids)}

    def _reader(self, row: Any, follows: list[Follows], taste: FeedbackModel | None) -> Recipient | FilterError:
        reader, uid, generation, address, language, frequency, confirmed, most, on_quiet_days, amount = row
        try:
            wanted = self._wanted(follows, most, bool(on_quiet_days), amount, taste)
        except FilterError as error:
            return error
        raw = bytes.fromhex(uid) if isinstance(uid, str) else uid.bytes
        links_of = written_generation(generation)
        return Recipient(reader, raw, links_of, address, language, frequency, _day(confirmed[:10]), wanted)

    def _wanted(self, follows: list[Follows], *settings: Any) -> QueryProfile:
        asked = [self._topics[topic] for topic, _ in follows if topic is not None]
        if any(topic.narrower for topic in asked):
            asked = profiles.without_included(asked)
        exclusions: tuple[str, ...] = ()
        votes = 0
        for topic, words in follows:
            if topic is None:
                own, excluded, least = _own(words)
                asked += own
                exclusions += excluded
                votes = max(votes, least)
        return QueryProfile(profiles.with_votes(asked, votes), exclusions, *settings)


@lru_cache(MOST_WORDS)
def _own(words: str) -> tuple[tuple[Interest, ...], tuple[str, ...], int]:
    """What the words ask for, what they exclude, and how many votes they want."""
    criteria = parse(words)
    return tuple(profiles.of_words(criteria)), criteria.exclusions, criteria.min_votes


@lru_cache(10_000)
def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _rows(statement: str, ids: Sequence[int]) -> list[Any]:
    """As the driver gives them: Django would make objects of them, which costs more than the mail."""
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("(ids)", f"({', '.join(map(str, map(int, ids)))})"))
        return list(cursor.fetchall())
