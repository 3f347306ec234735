"""Turn what readers follow from database rows into query profiles for the pure core.

Each filter has a key in the database and a name for readers. For a topic these are its slug and its name.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from digest.matching import OWN_WORDS, Interest
from digest.matching.similarity import MODEL
from digest.models import Learnt, Opinion
from digest.personalization import likes as learned_likes
from digest.personalization.digest_selection import QueryProfile
from digest.personalization.like_filter import LIKES, Likes
from digest.personalization.slot_limits import SlotLimits
from subscriptions.models import Subscriber, Topic
from subscriptions.query.grammar import Criteria
from subscriptions.readers.preferences import SWITCHES

MOST_VOTED = ""  # the interest of readers without filters
# They contain a colon, because no topic's slug does.
WORDS_KEY = ":words"
VOTES_KEY = ":votes"
LIKES_KEY = ":likes"


# The fields of a reader's row that set a profile.
READER_FIELDS = ("max_papers", "amount", "frequency", *(switch.name for switch in SWITCHES))


def settings_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a profile by the READER_FIELDS of its reader's row."""
    return {
        "max_papers": row["max_papers"],
        "amount": row["amount"],
        "by_votes": row["frequency"] == Subscriber.Frequency.WEEKLY,
        "trending_if_none_match": bool(row["mail_quiet_days"]),
        "is_grouped": not row["one_list"],
    }


def profile_of(subscriber: Subscriber, dismissed: frozenset[str] | None = None) -> QueryProfile:
    """Return the profile of `subscriber`. Prefetch `filters__topic` for many. A broader topic takes one more query.

    `dismissed` holds the keys of papers that were not for them, if the caller knows these.
    """
    is_prefetched = "filters" in getattr(subscriber, "_prefetched_objects_cache", {})
    rows = list(subscriber.filters.all() if is_prefetched else subscriber.filters.select_related("topic"))
    topics = [row.topic for row in rows if row.topic]
    words = [row.criteria for row in rows if not row.topic]
    likes, slot_limits = feedback_of(subscriber, topics)
    return make_profile(topics, words, are_saved=True)._replace(
        likes=likes,
        slot_limits=slot_limits,
        dismissed=dismissed_by(subscriber) if dismissed is None else dismissed,
        **settings_of({name: getattr(subscriber, name) for name in READER_FIELDS}),
    )


def of_topic(topic: Topic) -> Interest:
    return of_topics([topic])[0]


def of_topics(topics: Iterable[Topic]) -> list[Interest]:
    """Return the interests of `topics`. Look up the narrower topics that broader ones include."""
    topics = list(topics)
    known = {topic.slug: topic for topic in topics}
    for _level in range(2):  # an included topic may itself have been made a broader one since
        if missing := {slug for topic in known.values() for slug in topic.narrower} - known.keys():
            known |= {topic.slug: topic for topic in Topic.objects.filter(slug__in=missing)}
    alone = {slug: _without_narrower(topic) for slug, topic in known.items()}
    return [
        replace(alone[topic.slug], narrower=_narrower(known, alone, topic)) if topic.narrower else alone[topic.slug]
        for topic in topics
    ]


def without_included(interests: Sequence[Interest]) -> list[Interest]:
    """Return `interests` without those that a broader one among them includes, because it finds the same papers."""
    broader = [interest for interest in interests if interest.narrower]
    included = {topic for interest in broader for topic in interest.narrower}
    included.update(interest for interest in broader if any(_is_part_of(interest, other) for other in broader))
    return [interest for interest in interests if interest not in included]


def _is_part_of(one: Interest, other: Interest) -> bool:
    """Return whether `other` includes everything that `one` includes, and `one` asks for nothing else itself."""
    return not one.criteria.wants_something and frozenset(one.narrower) < frozenset(other.narrower)


def _without_narrower(topic: Topic) -> Interest:
    is_learned = topic.examples_used > 0
    return Interest(
        topic.name,
        topic.criteria,
        topic.about,
        by_hand=topic.is_by_hand and not is_learned,
        is_assessed=True,
        vector=_vector_of(topic) if is_learned else None,
    )


def _vector_of(topic: Topic) -> bytes:
    return bytes(topic.vector) if topic.vector_model == MODEL else b""


def _narrower(known: Mapping[str, Topic], alone: Mapping[str, Interest], topic: Topic) -> tuple[Interest, ...]:
    """Return the topics that `topic` includes. If one of them includes others, return these instead of it."""
    parts = [known[slug] for slug in topic.narrower if slug in known]
    slugs = dict.fromkeys(slug for part in parts for slug in (part.narrower or [part.slug]))
    return tuple(alone[slug] for slug in slugs if slug in alone and slug != topic.slug)


def of_words(criteria: Criteria, *, are_saved: bool = False) -> list[Interest]:
    """Return the interest in a reader's own words, if they ask for anything. `are_saved` is False for a visitor's."""
    return [Interest(OWN_WORDS, criteria, is_assessed=are_saved)] if criteria.wants_something else []


def with_votes(interests: Sequence[Interest], least: int) -> tuple[Interest, ...]:
    """Limit `interests` to papers with at least `least` votes, or find all such papers if nothing else is asked for."""
    if not least:
        return tuple(interests)
    others = [interest for interest in interests if not interest.wants_votes_alone]
    limited = (
        replace(interest, criteria=interest.criteria._replace(min_votes=least)) for interest in others or interests
    )
    return tuple(limited)


def make_profile(topics: Iterable[Topic], words: Iterable[Criteria] = (), *, are_saved: bool = False) -> QueryProfile:
    """Combine topics and readers' own words. The words' exclusions and least votes apply to all papers.

    `are_saved` is True for words that a reader follows, and False for words that someone tries. The profile's settings
    are the usual ones.
    """
    words = list(words)
    interests = without_included(of_topics(topics))
    interests += [interest for criteria in words for interest in of_words(criteria, are_saved=are_saved)]
    return QueryProfile(
        interests=with_votes(interests, max((criteria.min_votes for criteria in words), default=0)),
        exclusions=tuple(phrase for criteria in words for phrase in criteria.exclusions),
    )


def names_of(topics: Iterable[Topic]) -> dict[str, str]:
    """Return the names of filters by key: those of `topics`, and those that every reader may have."""
    return {topic.slug: topic.name for topic in topics} | {
        WORDS_KEY: OWN_WORDS, LIKES_KEY: LIKES, VOTES_KEY: MOST_VOTED
    }  # fmt: skip


def feedback_of(subscriber: Subscriber, topics: Iterable[Topic]) -> tuple[Likes | None, SlotLimits | None]:
    """Return what was learned from the reader's likes, and which of these topics and others they want fewer of."""
    fewer = Learnt.objects.filter(subscriber=subscriber, fewer__gt=0)
    return learned_likes.of_readers([subscriber.pk]).get(subscriber.pk), make_slot_limits(fewer, names_of(topics))


def dismissed_by(subscriber: Subscriber) -> frozenset[str]:
    """Return the keys of the papers that the reader rated “Not for me”."""
    return dismissed([subscriber.pk]).get(subscriber.pk, frozenset())


def dismissed(subscribers: Iterable[int], *, since: dt.datetime | None = None) -> dict[int, frozenset[str]]:
    """Return the keys of the papers that each of `subscribers` (ids) rated “Not for me”, for those who rated any."""
    rows = Opinion.objects.filter(subscriber__in=subscribers, verdict=Opinion.Verdict.NOT_FOR_ME, filter_key="")
    if since:
        rows = rows.filter(said_at__gte=since)
    keys: dict[int, set[str]] = {}
    for reader, key in rows.order_by().values_list("subscriber_id", "paper__key"):
        keys.setdefault(reader, set()).add(key)
    return {reader: frozenset(papers) for reader, papers in keys.items()}


def make_slot_limits(rows: Iterable[Learnt], names: Mapping[str, str]) -> SlotLimits | None:
    """Return the limits of the filters in `names`, or None if there are none, as for nearly every reader."""
    fewer = {names[row.filter_key]: row.fewer for row in rows if row.filter_key in names and row.fewer}
    return SlotLimits(fewer) if fewer else None


def slot_limits(subscribers: Iterable[int]) -> dict[int, SlotLimits]:
    """Return the limits of those of `subscribers` (ids) that have any.

    This is the version of `feedback_of` for many readers: two queries for all of them. It passes the names of all
    topics, because the limit of a topic that is not followed has no effect.
    """
    rows: dict[int, list[Learnt]] = {}
    for row in Learnt.objects.filter(subscriber__in=subscribers, fewer__gt=0):
        rows.setdefault(row.subscriber_id, []).append(row)
    names = names_of(Topic.objects.all()) if rows else {}
    limits = ((reader, make_slot_limits(several, names)) for reader, several in rows.items())
    return {reader: limit for reader, limit in limits if limit}
