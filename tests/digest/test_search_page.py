"""Papers of all days, found in the browser."""

import pytest
from django.test import Client

from digest.discovery import searching
from digest.models import Paper

pytestmark = pytest.mark.usefixtures("edition", "learning")


def found(client: Client, query: str, **more: str) -> str:
    response = client.get("/search", {"q": query, **more})
    assert response.status_code == 200
    assert not response.cookies
    return response.content.decode()


def test_it_finds_papers_and_says_why(client: Client) -> None:
    page = found(client, "reinforcement learning")
    assert "<mark>Reinforcement Learning</mark> at Scale" in page
    assert "in the title" in page
    assert "Faster Diffusion" not in page
    assert 'value="reinforcement learning"' in page


def test_it_speaks_the_grammar_of_the_form(client: Client) -> None:
    assert "at Scale" in found(client, "author:Lovelace, -survey")
    assert "A Survey" not in found(client, "author:Lovelace, -survey")


def test_it_leads_to_a_subscription_and_a_feed_of_the_same(client: Client) -> None:
    page = found(client, "diffusion, -survey")
    assert 'href="/subscribe/?words=diffusion%2C%20-survey"' in page
    assert 'href="/feeds/search.atom?q=diffusion%2C%20-survey"' in page
    assert 'name="robots" content="noindex"' in page


def test_it_shows_no_hidden_paper(client: Client) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    assert "Faster Diffusion" not in found(client, "diffusion")


def test_it_says_what_to_do_when_nothing_is_found(client: Client) -> None:
    page = found(client, "archaeopteryx")
    assert "No paper speaks of this yet" in page
    assert "/subscribe/?words=archaeopteryx" in page


@pytest.mark.parametrize("query", ["", "   "])
def test_it_shows_how_to_ask(client: Client, query: str) -> None:
    page = found(client, query)
    assert "How to ask" in page
    assert "No paper speaks" not in page
    assert "noindex" not in page


@pytest.mark.parametrize("query", ["-only", "cat:", "author:", "votes:many", '"', "x" * 200, "a, " * 60, "x" * 5_000])
def test_it_says_what_is_wrong_with_words(client: Client, query: str) -> None:
    page = found(client, query)
    assert 'role="alert"' in page or "No paper speaks" in page
    assert client.get("/feeds/search.atom", {"q": query}).status_code in (200, 400)


@pytest.mark.parametrize("query", ["<script>alert(1)</script>", '"><img src=x>', "\u202e\x00", "' OR 1=1 --", "%", "*"])
def test_it_takes_anything_for_words(client: Client, query: str) -> None:
    page = found(client, query)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert client.get("/feeds/search.atom", {"q": query}).status_code in (200, 400)


@pytest.mark.parametrize("number", ["0", "-1", "2", "x", "99999", "9" * 30, "²"])
def test_it_takes_any_number_of_a_page(client: Client, number: str) -> None:
    assert "Faster <mark>Diffusion</mark>" in found(client, "diffusion", page=number)


def test_it_shows_the_last_page_where_there_are_not_so_many(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PAGE", 1)
    pages = [found(client, "diffusion", page=number) for number in ("1", "2", "9")]
    assert pages[1] == pages[2]
    assert 'rel="next"' in pages[0]
    assert 'rel="next"' not in pages[1]


def test_it_is_found_with_a_slash_at_its_end_too(client: Client) -> None:
    assert client.get("/search/?q=agents")["Location"] == "/search?q=agents"
    assert client.get("/de/search/?q=agents")["Location"] == "/de/search?q=agents"
