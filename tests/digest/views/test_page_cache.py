"""Pages are not sent again to clients that have them, and are never out of date."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from digest.models import Edition, Paper
from digest.papers import topic_assignment
from digest.site import sitemaps
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
