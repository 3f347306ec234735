"""The admin page that makes topics of a feed's own categories."""

import pytest
from django.test import Client
from django.urls import reverse

from digest import papers
from digest.matching import Index
from digest.models import Source
from digest.personalization import profiles
from digest.search import category_topics
from subscriptions.models import Topic
from tests.conftest import TODAY, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def feed() -> Source:
    source = Source.objects.create(kind=Source.Kind.FEED, key="https://example.org/feed", name="Birds Weekly")
    records = [
        make_record("2608.10001", "Songs of Night Owls", categories=("Owls", "Song")),
        make_record("2608.10002", "Nests of Night Owls", categories=("owls",)),
        make_record("2608.10003", "Penguins at Sea", categories=("Penguins",)),
    ]
    papers.ingest(source, records, TODAY)
    return source


def address(source: Source) -> str:
    return reverse("admin:digest_source_topics", args=[source.pk])


def test_it_lists_the_categories_with_their_papers_and_topics(admin_client: Client, feed: Source) -> None:
    Topic.objects.create(slug="p", name="Flightless birds", group="Birds", categories=["penguins"])
    found = category_topics.categories_of(feed)
    assert [(one.name, one.papers, str(one.topic)) for one in found] == [
        ("owls", 2, "None"), ("Penguins", 1, "Flightless birds"), ("Song", 1, "None"),
    ]  # fmt: skip
    page = admin_client.get(address(feed)).content.decode()
    assert page.count('name="category"') == 2
    assert "Flightless birds" in page


def test_it_makes_topics_that_find_the_papers_of_their_category(admin_client: Client, feed: Source) -> None:
    admin_client.post(address(feed), {"category": ["owls"], "group": "Birds"})
    topic = Topic.objects.get(name="owls")
    assert (topic.slug, topic.group, topic.categories, topic.is_offered) == ("owls", "Birds", ["owls"], True)
    listed = list(category_topics._papers(feed))
    found = Index(listed).findings(profiles.of_topic(topic))
    assert {listed[number].title for number in found} == {"Songs of Night Owls", "Nests of Night Owls"}


def test_it_makes_no_second_topic_of_a_category(admin_client: Client, feed: Source) -> None:
    for _ in range(2):
        page = admin_client.post(address(feed), {"category": ["owls"], "group": "Birds"}, follow=True).content.decode()
    assert "were skipped" in page
    assert Topic.objects.filter(categories__isnull=False).count() == 1


def test_it_asks_for_a_category(admin_client: Client, feed: Source) -> None:
    assert "Tick at least one category." in admin_client.post(address(feed), {"group": "Birds"}).content.decode()
