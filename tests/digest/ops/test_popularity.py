"""The papers and topics that readers like most."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from digest.models import Edition, Opinion, Paper, SavedPaper, TopicPaper
from digest.ops.popularity import ReaderCounts, popularity
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY, make_reader

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture
def liked(edition: Edition, learning: Topic) -> list[Paper]:
    """Two papers of the edition: the second has two likes, the first a save and a “not for me”."""
    first, second = edition.papers.order_by("pk")[:2]
    alice, bob = make_reader("alice@example.org"), make_reader("bob@example.org")
    for reader in (alice, bob):
        Opinion.objects.create(subscriber=reader, paper=second, verdict="like", said_at=NOW)
    Opinion.objects.create(subscriber=alice, paper=first, verdict="not-for-me", said_at=NOW)
    SavedPaper.objects.create(subscriber=bob, paper=first, saved_at=NOW)
    SavedPaper.objects.create(subscriber=alice, paper=first, saved_at=NOW, removed_at=NOW)
    TopicPaper.objects.filter(topic=learning).delete()
    for paper in (first, second):
        TopicPaper.objects.create(topic=learning, paper=paper, day=edition.day, score=1)
    return [first, second]


def test_papers_with_the_most_likes_and_saves_come_first(liked: list[Paper]) -> None:
    first, second = liked
    found = popularity(since=TODAY - dt.timedelta(days=7))
    assert found.papers == [(second, ReaderCounts(likes=2)), (first, ReaderCounts(saves=1, dislikes=1))]


def test_a_topic_has_the_votes_of_its_papers(liked: list[Paper], learning: Topic) -> None:
    found = popularity(since=TODAY - dt.timedelta(days=7))
    assert (learning, ReaderCounts(likes=2, saves=1, dislikes=1)) in found.topics


def test_older_editions_do_not_count(liked: list[Paper]) -> None:
    assert popularity(since=TODAY + dt.timedelta(days=1)).papers == []


def test_the_page_lists_them(liked: list[Paper], admin_client: Client) -> None:
    page = admin_client.get("/admin/digest/opinion/popular/?range=7d").content.decode()
    assert page.index(liked[1].title) < page.index(liked[0].title)
    assert "What readers like" in admin_client.get("/admin/digest/opinion/").content.decode()


def test_the_list_of_feedback_names_topics(
    liked: list[Paper], learning: Topic, admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    Topic.objects.filter(pk=learning.pk).update(name="Reinforcement learning")
    Opinion.objects.update(came_by=["learning", ":words", "gone"])
    with django_assert_max_num_queries(15):
        page = admin_client.get("/admin/digest/opinion/").content.decode()
    assert "Reinforcement learning, own words, gone" in page
    row = Opinion.objects.first()
    assert row is not None
    assert "Reinforcement learning" in admin_client.get(f"/admin/digest/opinion/{row.pk}/change/").content.decode()


def test_the_page_says_if_nothing_was_liked(edition: Edition, admin_client: Client) -> None:
    page = admin_client.get("/admin/digest/opinion/popular/?range=nonsense").content.decode()
    assert "Editions of the last 30 days" in page
    assert "No paper of these days was liked" in page
