"""The migration of readers who follow a broader topic that is no longer offered."""

import importlib

import pytest
from django.apps import apps

from digest.models import Edition, Learnt, Opinion
from digest.personalization import profiles
from subscriptions.models import Subscriber, Topic
from subscriptions.topics.catalogue import _hash
from tests.conftest import NOW, make_reader

migration = importlib.import_module("digest.migrations.0026_retire_broader_topics")


@pytest.fixture
def parts(db: None) -> list[Topic]:
    return [
        loaded("pre-training", "Pre-training", phrases=["pre-training"]),
        loaded("scaling-laws", "Scaling laws", phrases=["scaling law"]),
    ]


@pytest.fixture
def union(parts: list[Topic]) -> Topic:
    return loaded("pre-training-and-scaling", "Both", narrower=[topic.slug for topic in parts] + ["gone"])


def loaded(slug: str, name: str, group: str = "Language models", **values: list[str]) -> Topic:
    """Return a topic as an older version loaded it."""
    topic = Topic(slug=slug, name=name, group=group, **values)
    names = ("name", "group", "description", "phrases", "exclusions", "narrower", "position")
    topic.loaded_hash = _hash({field: getattr(topic, field) for field in names})
    topic.save()
    return topic


def followed(reader: Subscriber) -> list[str]:
    return sorted(row.topic.slug if row.topic else row.words for row in reader.filters.all())


def test_its_followers_follow_what_it_included(union: Topic, parts: list[Topic]) -> None:
    reader = make_reader("ada@example.org", topics=[union, parts[0]], words="robots")
    before = {one for interest in profiles.of_topics([union]) for one in interest.narrower}
    migration.retire(apps, None)
    assert followed(reader) == ["pre-training", "robots", "scaling-laws"]
    assert set(profiles.of_topics(row.topic for row in reader.filters.all() if row.topic)) == before
    union.refresh_from_db()
    assert not union.is_offered


def test_learned_preferences_and_feedback_move_too(union: Topic, edition: Edition) -> None:
    reader, paper = make_reader("ada@example.org", topics=[union]), edition.papers.all()[0]
    Learnt.objects.create(subscriber=reader, filter_key=union.slug, weights={"muon": 0.5}, fewer=1)
    like = Opinion.objects.create(
        subscriber=reader, paper=paper, verdict="like", came_by=[":words", union.slug], said_at=NOW
    )
    Opinion.objects.create(subscriber=reader, paper=paper, verdict="fewer", filter_key=union.slug, said_at=NOW)
    migration.retire(apps, None)
    assert list(Learnt.objects.order_by("filter_key").values_list("filter_key", "weights", "fewer")) == [
        ("pre-training", {"muon": 0.5}, 1),
        ("scaling-laws", {"muon": 0.5}, 1),
    ]
    like.refresh_from_db()
    assert like.came_by == [":words", "pre-training", "scaling-laws"]
    fewer = Opinion.objects.filter(verdict="fewer").order_by("filter_key")
    assert list(fewer.values_list("filter_key", flat=True)) == ["pre-training", "scaling-laws"]


def test_what_an_admin_made_or_edited_stays(union: Topic) -> None:
    mine = Topic.objects.create(slug="mine", name="Mine", group="Robots and embodied AI", phrases=["own"])
    Topic.objects.filter(pk=union.pk).update(name="Our choice")
    reader = make_reader("ada@example.org", topics=[union, mine])
    migration.retire(apps, None)
    assert followed(reader) == ["mine", union.slug]
    union.refresh_from_db()
    mine.refresh_from_db()
    assert (union.is_offered, mine.group) == (True, "Robotics")


def test_other_broader_topics_stay(parts: list[Topic]) -> None:
    other = loaded("another", "Another", narrower=[topic.slug for topic in parts])
    reader = make_reader("ada@example.org", topics=[other])
    migration.retire(apps, None)
    assert followed(reader) == ["another"]
