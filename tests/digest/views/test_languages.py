"""Pages are in the visitor's language, without a cookie."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from subscriptions.models import Subscriber, Topic
from subscriptions.models.topics import holds, words_of
from subscriptions.security.link_tokens import Purpose, make_token

pytestmark = pytest.mark.usefixtures("edition")


@pytest.mark.parametrize(
    ("path", "asked", "language"),
    [
        ("/", "", "en"),
        ("/", "de", "de"),
        ("/", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("/", "fr,de;q=0.5", "de"),
        ("/", "fr", "en"),
        ("/", "nonsense;;q=x", "en"),
        ("/de/", "en", "de"),
        ("/en/", "de", "en"),
        ("/de/topics/", "", "de"),
        ("/admin/login/", "de", "en"),
    ],
)
def test_it_speaks_the_language_of_the_address_else_of_the_browser(
    client: Client, path: str, asked: str, language: str
) -> None:
    response = client.get(path, headers={"accept-language": asked})
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.content.decode()
    assert response["Content-Language"] == language


@pytest.mark.parametrize("path", ["/de/admin/", "/en/admin/login/", "/de/admin"])
def test_the_admin_has_one_address(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_it_keeps_a_chosen_language_from_page_to_page(client: Client) -> None:
    page = client.get("/de/").content.decode()
    assert 'href="/de/months/2026-08/"' in page
    assert 'href="/de/papers/arxiv:2608.00001/"' in page
    assert 'action="/de/subscribe/"' in page
    assert "/de/static/" not in page


def test_it_forgets_the_language_of_the_address_afterwards(client: Client) -> None:
    client.get("/de/")
    assert 'href="/papers/arxiv:2608.00001/"' in client.get("/").content.decode()


def test_it_offers_each_language_and_names_the_page_by_its_own_address(client: Client) -> None:
    page = client.get("/de/2026-08-20/?utm_source=x").content.decode()
    assert '<link rel="canonical" href="https://papers.example.org/de/2026-08-20/">' in page
    for code in ("en", "de"):
        assert f'hreflang="{code}" href="https://papers.example.org/{code}/2026-08-20/"' in page
        assert f'<a href="/{code}/2026-08-20/" hreflang="{code}"' in page
    assert 'hreflang="x-default" href="https://papers.example.org/2026-08-20/"' in page
    assert '<meta property="og:locale" content="de_DE">' in page
    assert '<meta property="og:locale:alternate" content="en_US">' in page
    assert "utm_source" not in page


def test_it_tells_caches_what_the_language_depends_on(client: Client) -> None:
    assert "Accept-Language" in client.get("/")["Vary"]
    assert "Accept-Language" not in client.get("/de/")["Vary"]
    for path in ("/", "/de/"):
        page = client.get(path)
        unchanged = client.get(path, headers={"If-None-Match": page["ETag"]})
        assert (unchanged.status_code, unchanged["Vary"]) == (304, page["Vary"])


def test_it_sends_a_language_alone_to_its_first_page(client: Client) -> None:
    response = client.get("/de")
    assert (response.status_code, response["Location"]) == (301, "/de/")


@pytest.mark.parametrize("path", ["/fr/", "/de/nowhere/", "/de/de/", "/de//example.org/"])
def test_it_has_nothing_at_other_prefixes(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_it_names_topics_in_the_language_of_the_page(client: Client) -> None:
    Topic.objects.create(slug="games", name="Games", group="Agents", phrases=["game"])
    Topic.objects.create(slug="odd", name="100 % <b>odd</b>", group="Agents", phrases=["odd"])
    page = client.get("/de/topics/").content.decode()
    assert ">Spiele</a>" in page
    assert ">Agenten</h2>" in page
    assert ">100 % &lt;b&gt;odd&lt;/b&gt;</a>" in page  # an editor's own, without a translation
    assert "<title>Spiele · " in client.get("/de/topics/games/").content.decode()
    assert "<title>Spiele · " in client.get("/de/feeds/topics/games.atom").content.decode()


def test_topics_are_found_by_their_words_in_either_language() -> None:
    games = Topic(name="Games", group="Agents", phrases=["game-playing RL"])
    with translation.override("de"):
        assert (games.called, games.hinted) == (" spiele games", " agenten agents game playing rl")
    assert (games.called, games.hinted) == (" games", " agents game playing rl")


@pytest.mark.parametrize("sought", ["games", "GAME  rl", "game-playing", "laying", "ag", "Spiele"])
def test_topics_are_found_by_parts_of_words_and_by_the_beginning_of_short_ones(sought: str) -> None:
    with translation.override("de"):
        assert holds(_words(Topic(name="Games", group="Agents", phrases=["game-playing RL"])), words_of(sought))


@pytest.mark.parametrize("sought", ["mes", "l", "games video", "!", ""])
def test_a_part_of_a_word_that_is_short_finds_no_topic(sought: str) -> None:
    assert not holds(_words(Topic(name="Games", group="Agents", phrases=["game-playing RL"])), words_of(sought))


def _words(topic: Topic) -> str:
    return topic.called + topic.hinted


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.CONFIRM, Purpose.UNSUBSCRIBE])
def test_a_readers_own_page_speaks_their_language_and_offers_the_others(
    client: Client, alice: Subscriber, purpose: Purpose
) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(language="de")
    path = reverse(f"subscriptions:{purpose}", args=[make_token(purpose, alice)])
    page = client.get(path).content.decode()
    assert '<html lang="de"' in page
    assert f'<a href="/en{path}" hreflang="en"' in page
    other = client.get(f"/en{path}")
    assert '<html lang="en"' in other.content.decode()
    assert other["Content-Language"] == "en"
    assert 'rel="canonical"' not in page  # no alternates for search engines


@pytest.mark.parametrize(("path", "status"), [("/nowhere/?a=<b>", 404), ("/confirm/forged/", 404)])
def test_an_error_can_be_read_in_each_language(client: Client, path: str, status: int) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert f'<a href="/de{path.replace("<b>", "%3Cb%3E")}" hreflang="de"' in response.content.decode()
