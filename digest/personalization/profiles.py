"""What readers follow, out of the database and into the words of the pure core.

A filter is known by its key in the database, and by a name to readers: a topic by its slug and its name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext_noop

from digest.matching import Interest
from digest.models import Learnt
from digest.personalization.digest_selection import QueryProfile
from digest.personalization.feedback_model import FeedbackModel, FilterModel
from subscriptions.models import Subscriber, Topic
from subscriptions.query.grammar import Criteria

OWN_WORDS = gettext_noop("Your words")
MOST_VOTED = ""  # what readers get who follow nothing
# No topic's slug has a colon.
WORDS_KEY = ":words"
VOTES_KEY = ":votes"


def profile_of(subscriber: Subscriber) -> QueryProfile:
    """What `subscriber` follows; prefetch `filters__topic` for many. A broader topic takes one more query."""
    rows = list(subscriber.filters.all())
    topics = [row.topic for row in rows if row.topic]
    words = [row.criteria for row in rows if not row.topic]
    return make_profile(
        topics,
        words,
        subscriber.max_papers,
        subscriber.mail_quiet_days,
        subscriber.amount,
        feedback_model_of(subscriber, topics),
    )


def of_topic(topic: Topic) -> Interest:
    return of_topics([topic])[0]


def of_topics(topics: Iterable[Topic]) -> list[Interest]:
    """`topics`, with those that broader ones stand for: looked up where they are not among them."""
    topics = list(topics)
    known = {topic.slug: topic for topic in topics}
    for _level in range(2):  # an admin's may stand for one that came to stand for others since
        if missing := {slug for topic in known.values() for slug in topic.narrower} - known.keys():
            known |= {topic.slug: topic for topic in Topic.objects.filter(slug__in=missing)}
    alone = {slug: _without_narrower(topic) for slug, topic in known.items()}
    return [
        replace(alone[topic.slug], narrower=_narrower(known, alone, topic)) if topic.narrower else alone[topic.slug]
        for topic in topics
    ]


def without_included(interests: Sequence[Interest]) -> list[Interest]:
    """The same, but for topics, broader ones too, for which one among them stands: it brings what they bring."""
    broader = [one for one in interests if one.narrower]
    included = {topic for one in broader for topic in one.narrower}
    included.update(one for one in broader if any(_is_part_of(one, other) for other in broader))
    return [one for one in interests if one not in included]


def _is_part_of(one: Interest, other: Interest) -> bool:
    """Whether all that `one` stands for is what `other` stands for, too, and it asks for nothing else itself."""
    return not one.criteria.wants_something and frozenset(one.narrower) < frozenset(other.narrower)


def _without_narrower(topic: Topic) -> Interest:
    return Interest(topic.name, topic.criteria, topic.about, by_hand=topic.is_by_hand)


def _narrower(known: Mapping[str, Topic], alone: Mapping[str, Interest], topic: Topic) -> tuple[Interest, ...]:
    """What `topic` stands for: of those that stand for others themselves, these others."""
    parts = [known[slug] for slug in topic.narrower if slug in known]
    slugs = dict.fromkeys(slug for part in parts for slug in (part.narrower or [part.slug]))
    return tuple(alone[slug] for slug in slugs if slug in alone and slug != topic.slug)


def of_words(criteria: Criteria) -> list[Interest]:
    return [Interest(OWN_WORDS, criteria)] if criteria.wants_something else []


def with_votes(interests: Sequence[Interest], least: int) -> tuple[Interest, ...]:
    """Of what each finds, the papers with so many votes; whatever has them where nothing else is asked for."""
    if not least:
        return tuple(interests)
    others = [one for one in interests if not one.wants_votes_alone]
    return tuple(replace(one, criteria=one.criteria._replace(min_votes=least)) for one in others or interests)


def make_profile(
    topics: Iterable[Topic],
    words: Iterable[Criteria] = (),
    max_papers: int = 10,
    on_quiet_days: bool = False,
    amount: str = "balanced",
    taste: FeedbackModel | None = None,
) -> QueryProfile:
    """Topics and own words together. What these exclude, or ask of votes, holds for all that the reader gets."""
    words = list(words)
    interests = without_included(of_topics(topics))
    interests += [interest for criteria in words for interest in of_words(criteria)]
    return QueryProfile(
        interests=with_votes(interests, max((criteria.min_votes for criteria in words), default=0)),
        exclusions=tuple(phrase for criteria in words for phrase in criteria.exclusions),
        max_papers=max_papers,
        on_quiet_days=on_quiet_days,
        amount=amount,
        taste=taste,
    )


def names_of(topics: Iterable[Topic]) -> dict[str, str]:
    """The name of each filter by its key: those of `topics`, and those that every reader may have."""
    return {topic.slug: topic.name for topic in topics} | {WORDS_KEY: OWN_WORDS, VOTES_KEY: MOST_VOTED}


def feedback_model_of(subscriber: Subscriber, topics: Iterable[Topic]) -> FeedbackModel | None:
    """What was learnt from the reader, for these topics and own words."""
    return make_feedback_model(Learnt.objects.filter(subscriber=subscriber), names_of(topics))


def make_feedback_model(rows: Iterable[Learnt], names: Mapping[str, str]) -> FeedbackModel | None:
    """What was learnt for the filters in `names`; None where that is nothing, as for nearly every reader."""
    lessons = {
        names[row.filter_key]: FilterModel(row.weights, row.fewer)
        for row in rows
        if row.filter_key in names and (row.weights or row.fewer)
    }
    return FeedbackModel(lessons) if lessons else None


def feedback_models(subscribers: Iterable[int]) -> dict[int, FeedbackModel]:
    """The taste of each of `subscribers` (ids) who has one: two queries, for a worker that composes by the hundred."""
    rows: dict[int, list[Learnt]] = {}
    for row in Learnt.objects.filter(subscriber__in=subscribers):
        rows.setdefault(row.subscriber_id, []).append(row)
    names = names_of(Topic.objects.all()) if rows else {}
    found = ((reader, make_feedback_model(learnt, names)) for reader, learnt in rows.items())
    return {reader: its for reader, its in found if its}
