"""Pages are not sent again to clients that have them, and are never out of date."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.paginator import Paginator
from django.test import Client

from digest.models import Edition, Paper
from digest.papers import topic_assignment
from digest.site import sitemaps
from digest.views.page_cache import paginate
from subscriptions.models import Topic
from tests.conftest import NOW

PAGES = [
    "/",
    "/2026-08-20/",
    "/papers/arxiv:2608.00001/",
    "/topics/",
    "/topics/learning/",
    "/weeks/2026-W34/",
    "/months/2026-08/",
    "/feeds/latest.atom",
    "/feeds/topics/learning.atom",
    "/sitemap.xml",
    "/sitemaps/pages.xml",
    "/sitemaps/papers-LAST.xml",
]


@pytest.fixture(autouse=True)
def _papers(learning: Topic, edition: Edition) -> None:
    """Today's edition, with its papers assigned to topics."""


@pytest.fixture
def path(request: pytest.FixtureRequest, _papers: None) -> str:
    """The path of a page. Ids of papers grow with each test, so the papers are in the last file."""
    return str(request.param).replace("papers-LAST", sitemaps.parts()[-1])


@pytest.mark.parametrize("path", PAGES, indirect=True)
def test_it_sends_a_page_once(client: Client, path: str) -> None:
    first = client.get(path)
    assert first.status_code == 200
    assert first["Cache-Control"] == "public, no-cache"
    again = client.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    since = client.get(path, headers={"if-modified-since": first["Last-Modified"]})
    assert since.status_code == 304


@pytest.mark.parametrize("path", PAGES, indirect=True)
def test_it_sends_the_same_page_packed_or_not(client: Client, path: str) -> None:
    plain, packed = client.get(path), client.get(path, headers={"accept-encoding": "gzip, br"})
    assert plain["ETag"] == packed["ETag"]
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content)


def rename_topic() -> None:
    Topic.objects.update(name="Learning machines")


def sort_anew() -> None:
    Topic.objects.update(phrases=["diffusion"])
    topic_assignment.assign_topics(Edition.objects.get())


@pytest.mark.parametrize(
    "change",
    [
        lambda: Edition.objects.update(note_before="Good morning"),
        lambda: Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True),
        lambda: Paper.objects.filter(title="Faster Diffusion").update(is_pinned=True),
        lambda: Paper.objects.filter(title="Faster Diffusion").update(votes=21),
        lambda: Paper.objects.filter(title="Faster Diffusion").update(abstract="We generate films."),
        lambda: Edition.objects.create(day=dt.date(2026, 8, 19), published_at=NOW),
        rename_topic,
        sort_anew,
    ],
    ids=["note", "hidden", "pinned", "votes", "text", "other edition", "topic", "sorted"],
)
def test_it_shows_at_once_what_has_changed(client: Client, change: Callable[[], object]) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        before = client.get("/")
        clock.shift(2)
        change()
        after = client.get("/", headers={"if-none-match": before["ETag"], "if-modified-since": before["Last-Modified"]})
        assert after.status_code == 200
        assert after.content != before.content
        assert client.get("/", headers={"if-modified-since": before["Last-Modified"]}).status_code == 200


def test_it_vouches_for_no_time_in_which_nobody_looked(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        before = client.get("/")
        clock.shift(30)
        assert client.get("/")["Last-Modified"] == before["Last-Modified"]
        clock.shift(61)
        assert client.get("/", headers={"if-modified-since": before["Last-Modified"]}).status_code == 200


@pytest.mark.parametrize(("size", "queries"), [(1, 2), (2, 2), (3, 1), (4, 1)])
@pytest.mark.parametrize("number", [None, "1"])
def test_a_list_that_fits_on_one_page_is_read_in_one_query(
    size: int, queries: int, number: str | None, django_assert_num_queries: Any
) -> None:
    rows = Paper.objects.order_by("pk")
    with django_assert_num_queries(queries):
        found, pages = paginate(rows, number, size)
    expected = Paginator(rows, size).page(1)
    assert found == list(expected)
    assert (pages.number, pages.first, pages.last, pages.total) == (1, 1, expected.end_index(), 3)
    assert (pages.previous, pages.next) == (None, 2 if expected.has_next() else None)


def test_an_empty_list_has_one_page_without_papers() -> None:
    found, pages = paginate(Paper.objects.none(), None, 20)
    assert (found, pages.first, pages.last, pages.total, pages.next) == ([], 0, 0, 0, None)
