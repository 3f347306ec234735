"""The constraints that the database itself enforces."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError

from subscriptions.models import Subscriber, Suppression, Topic, TopicFilter
from subscriptions.query.grammar import Criteria
from tests.conftest import NOW, TODAY


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("subscriber_status_is_known", {"status": "keen"}),
        ("active_subscriber_has_confirmed", {"status": "active"}),
        ("active_subscriber_has_confirmed", {"status": "active", "confirmed_at": NOW}),
        ("active_subscriber_has_confirmed", {"status": "active", "active_since": NOW}),
        ("paused_subscriber_has_a_date", {"status": "paused"}),
        ("send_hour_is_an_hour", {"send_hour": 24}),
        ("send_hour", {"send_hour": -1}),
        ("max_papers_is_1_to_25", {"max_papers": 0}),
        ("max_papers_is_1_to_25", {"max_papers": 26}),
    ],
)
def test_it_refuses_a_reader_who_can_not_be(constraint: str, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        Subscriber.objects.create(email="ada@example.org", **fields)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"status": "active", "confirmed_at": NOW, "active_since": NOW},
        {"status": "paused", "paused_until": TODAY},
        {"status": "unsubscribed"},
        {"status": "suppressed"},
        {"send_hour": 0, "max_papers": 1},
        {"send_hour": 23, "max_papers": 25},
    ],
)
def test_it_takes_a_reader_who_can_be(fields: dict[str, Any]) -> None:
    assert Subscriber.objects.create(email="ada@example.org", **fields).pk


def test_it_has_one_reader_per_address_whatever_the_case(alice: Subscriber) -> None:
    with pytest.raises(IntegrityError):
        Subscriber.objects.create(email=alice.email.upper())


def test_it_finds_a_reader_whatever_the_case(alice: Subscriber) -> None:
    assert Subscriber.objects.by_email(" ALICE@Example.org ").get() == alice
    assert not Subscriber.objects.by_email("a_ice@example.org").exists()
    assert not Subscriber.objects.by_email("%@example.org").exists()


def test_it_has_one_reader_per_uid(alice: Subscriber, bob: Subscriber) -> None:
    with pytest.raises(IntegrityError):
        Subscriber.objects.filter(pk=bob.pk).update(uid=alice.uid)
    assert isinstance(alice.uid, uuid.UUID)


Refused = Callable[[Subscriber, Topic], object]


@pytest.mark.parametrize(
    "create",
    [
        lambda reader, topic: TopicFilter.objects.create(subscriber=reader),
        lambda reader, topic: TopicFilter.objects.create(subscriber=reader, topic=topic, words="both"),
        lambda reader, topic: TopicFilter.objects.bulk_create([TopicFilter(subscriber=reader, topic=topic)] * 2),
        lambda reader, topic: Topic.objects.create(slug=topic.slug, name="Another"),
        lambda reader, topic: Topic.objects.create(slug="another", name=topic.name),
        lambda reader, topic: Suppression.objects.create(address_hash="x", reason="a whim"),
        lambda reader, topic: Suppression.objects.bulk_create([Suppression(address_hash="x", reason="admin")] * 2),
    ],
    ids=["nothing", "topic and words", "topic twice", "slug twice", "name twice", "reason", "address twice"],
)
def test_it_refuses_what_makes_no_sense(bob: Subscriber, learning: Topic, create: Refused) -> None:
    with pytest.raises(IntegrityError):
        create(bob, learning)


def test_it_keeps_a_topic_with_followers(alice: Subscriber, learning: Topic, vision: Topic) -> None:
    with pytest.raises(ProtectedError):
        learning.delete()
    vision.delete()


def test_it_forgets_what_a_deleted_reader_followed(alice: Subscriber) -> None:
    alice.delete()
    assert not TopicFilter.objects.exists()


@pytest.mark.parametrize("value", [[], [""], ["ok", " "], [1], "words", {"a": 1}, None])
@pytest.mark.parametrize("field", ["phrases", "exclusions"])
def test_it_has_topics_with_lists_of_phrases_only(learning: Topic, field: str, value: Any) -> None:
    setattr(learning, field, value)
    if field == "exclusions" and value == []:
        learning.full_clean()
        return
    with pytest.raises(ValidationError, match=field):
        learning.full_clean()


def test_it_refuses_words_that_can_not_be_read(bob: Subscriber) -> None:
    with pytest.raises(ValidationError, match="not an arXiv category"):
        TopicFilter(subscriber=bob, words="cat:?").full_clean()


def test_it_gives_what_a_filter_asks_for(alice: Subscriber) -> None:
    topic, words = sorted(alice.filters.all(), key=lambda row: row.words)
    assert topic.criteria == Criteria(quoted=("reinforcement learning",))
    assert words.criteria == Criteria(phrases=("diffusion",), authors=("Ada Lovelace",), exclusions=("survey",))


def test_it_shows_names_that_admins_know(alice: Subscriber, learning: Topic) -> None:
    topic, words = sorted(alice.filters.all(), key=lambda row: row.words)
    assert (str(alice), str(learning), str(topic)) == ("alice@example.org", "Learning", "Learning")
    assert str(words) == "diffusion, author:Ada Lovelace, -survey"
    assert str(Suppression(address_hash="0123456789abcdef", reason="bounced")) == "0123456789ab… (bounced)"
