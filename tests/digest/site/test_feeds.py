"""The Atom feeds."""

import datetime as dt
import re
import xml.etree.ElementTree as ET

import pytest
from django.test import Client

from digest.models import Edition, Paper
from digest.site import feeds
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW

ATOM = "{http://www.w3.org/2005/Atom}"
pytestmark = pytest.mark.usefixtures("learning", "edition")


def read(client: Client, path: str) -> ET.Element:
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/atom+xml")
    assert not response.cookies
    return ET.fromstring(response.content)


def texts(feed: ET.Element, path: str) -> list[str]:
    return [found.text or "" for found in feed.findall("/".join(f"{ATOM}{part}" for part in path.split("/")))]


def address(feed: ET.Element, rel: str) -> str:
    return next(link.get("href", "") for link in feed.findall(f"{ATOM}link") if link.get("rel") == rel)


def path_of(reader: Subscriber) -> str:
    return link_tokens.make_url(Purpose.FEED, reader).removeprefix("https://papers.example.org")


FEEDS = [("/feeds/latest.atom", "/"), ("/feeds/topics/learning.atom", "/topics/learning/")]


@pytest.mark.parametrize(("path", "page"), [*FEEDS, ("/feeds/search.atom?q=diffusion", "/search?q=diffusion")])
def test_it_is_whole(client: Client, path: str, page: str) -> None:
    feed = read(client, path)
    assert address(feed, "self") == f"https://papers.example.org{path}"
    assert address(feed, "alternate") == f"https://papers.example.org{page}"
    assert texts(feed, "id")[0].startswith("tag:papers.example.org,2026:")
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    for entry in entries:
        for name in ("id", "title", "published", "updated", "summary"):
            assert len(texts(entry, name)) == 1, name
        assert texts(entry, "author/name") == ["Ada Lovelace", "Alan Turing"]
        assert address(entry, "alternate").startswith("https://papers.example.org/papers/arxiv:2608.")
    assert texts(feed, "updated")[0] == max(texts(feed, "entry/updated"))
    assert client.get(page).status_code == 200


def test_it_holds_the_newest_papers_by_votes(client: Client) -> None:
    titles = texts(read(client, "/feeds/latest.atom"), "entry/title")
    assert [title.split()[0] for title in titles] == ["Reinforcement", "Faster", "A"]


def test_it_holds_the_papers_of_a_topic_and_names_it(client: Client) -> None:
    feed = read(client, "/feeds/topics/learning.atom")
    assert sorted(title.split()[0] for title in texts(feed, "entry/title")) == ["A", "Reinforcement"]
    assert "learning" in {category.get("term") for category in feed.iter(f"{ATOM}category")}


def test_it_keeps_ids_and_dates_whatever_becomes_of_a_paper(client: Client) -> None:
    def known() -> list[tuple[str, str]]:
        feed = read(client, "/feeds/latest.atom")
        return sorted(zip(texts(feed, "entry/id"), texts(feed, "entry/updated"), strict=True))

    before = known()
    Paper.objects.filter(title="Faster Diffusion").update(votes=99, title="Diffusion, Faster", key="arxiv:2608.77777")
    assert known() == before


def test_it_holds_no_hidden_and_no_unpublished_paper(client: Client) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    Paper.objects.create(key="arxiv:2608.00009", title="Diffusion in no edition", url="https://example.org")
    for path in ("/feeds/latest.atom", "/feeds/search.atom?q=diffusion"):
        assert not [title for title in texts(read(client, path), "entry/title") if title.startswith(("Fast", "Diff"))]


def test_it_has_a_date_before_anything_is_published(client: Client) -> None:
    Edition.objects.all().delete()
    assert texts(read(client, "/feeds/latest.atom"), "updated") == [feeds.rfc3339(feeds.LONG_AGO)]


def test_it_is_announced_on_the_pages(client: Client) -> None:
    announced = re.compile('type="application/atom\\+xml" title="[^"]+" href="([^"]+)"')
    latest, on_topic, found = "/feeds/latest.atom", "/feeds/topics/learning.atom", "/feeds/search.atom?q=diffusion"
    for page, expected in {
        "/": [latest],
        "/papers/arxiv:2608.00001/": [latest],
        "/topics/learning/": [latest, on_topic],
        "/2026-08-20/?topic=learning": [latest, on_topic],
        "/search?q=diffusion": [latest, found],
    }.items():
        assert announced.findall(client.get(page).content.decode()) == expected


def test_it_holds_a_readers_own_papers_at_a_secret_address(client: Client, alice: Subscriber) -> None:
    response = client.get(path_of(alice))
    assert response["Cache-Control"] == "private, no-cache"
    titles = texts(read(client, path_of(alice)), "entry/title")
    # She follows Learning and diffusion, and wants no survey.
    assert [title.split()[0] for title in titles] == ["Reinforcement", "Faster"]
    assert "alice" not in response.content.decode()


def test_search_engines_keep_no_personal_feed(client: Client, alice: Subscriber) -> None:
    first = client.get(link_tokens.make_url(Purpose.FEED, alice))
    again = client.get(link_tokens.make_url(Purpose.FEED, alice), headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert first["X-Robots-Tag"] == again["X-Robots-Tag"] == "noindex"


def test_it_is_linked_from_a_readers_settings(client: Client, alice: Subscriber) -> None:
    settings = client.get(f"/preferences/{link_tokens.make_token(Purpose.PREFERENCES, alice)}/")
    assert f'href="{path_of(alice)}"' in settings.content.decode()


def test_it_follows_what_the_reader_follows_now(client: Client, alice: Subscriber, learning: Topic) -> None:
    alice.filters.exclude(topic=learning).delete()
    assert len(texts(read(client, path_of(alice)), "entry/title")) == 2


def test_it_gives_nothing_to_who_has_not_confirmed_was_erased_or_guesses(
    client: Client, alice: Subscriber, bob: Subscriber
) -> None:
    assert client.get(path_of(bob)).status_code == 404
    preferences = link_tokens.make_token(Purpose.PREFERENCES, alice)
    assert client.get(f"/feeds/personal/{preferences}.atom").status_code == 404
    assert client.get("/feeds/personal/guess.atom").status_code == 404
    path = path_of(alice)
    alice.delete()
    assert client.get(path).status_code == 404


def test_it_stays_open_to_who_has_left(client: Client, alice: Subscriber) -> None:
    lifecycle.unsubscribe(alice, now=NOW + dt.timedelta(hours=1))
    assert client.get(path_of(alice)).status_code == 200
