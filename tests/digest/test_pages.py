"""The public pages of papers."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from digest import editions, papers
from digest.models import Edition, FetchRun, Paper, QuietDay, Source
from tests.conftest import NOW, TODAY, make_record


def body(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    assert not response.cookies
    return response.content.decode()


@pytest.mark.usefixtures("edition")
def test_it_shows_the_newest_edition_ranked_by_votes(client: Client) -> None:
    page = body(client, "/")
    places = [page.index(title) for title in ("Reinforcement Learning at Scale", "Faster Diffusion", "A Survey of")]
    assert places == sorted(places)
    assert 'action="/subscribe/"' in page


@pytest.mark.usefixtures("edition")
def test_it_shows_an_edition_by_its_day(client: Client) -> None:
    assert "Faster Diffusion" in body(client, "/2026-08-20/")
    body(client, "/2026-08-19/", 404)
    body(client, "/2026-13-40/", 404)


@pytest.mark.usefixtures("edition")
def test_it_says_why_a_day_has_no_edition(client: Client) -> None:
    QuietDay.objects.create(day=TODAY - dt.timedelta(days=5), reason="Hugging Face listed <nothing>.")
    assert "Hugging Face listed &lt;nothing&gt;." in body(client, "/2026-08-15/", 404)


def test_it_links_the_editions_before_and_after(client: Client, edition: Edition) -> None:
    Edition.objects.create(day=TODAY - dt.timedelta(days=1), published_at=NOW)
    assert 'href="/2026-08-19/"' in body(client, "/2026-08-20/")
    assert 'href="/2026-08-20/"' in body(client, "/2026-08-19/")


def test_it_shows_pins_first_notes_around_and_no_hidden_paper(client: Client, edition: Edition) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_pinned=True)
    Paper.objects.filter(title__startswith="A Survey").update(is_hidden=True)
    Edition.objects.update(note_before="Good <b>morning</b>", note_after="Good night")
    page = body(client, "/").partition("</head>")[2]
    assert page.index("Good &lt;b&gt;morning") < page.index("Faster Diffusion") < page.index("Learning at Scale")
    assert page.index("Learning at Scale") < page.index("Good night")
    assert "A Survey" not in page
    body(client, "/papers/arxiv:2608.00003/", 404)


@pytest.mark.usefixtures("edition")
def test_it_shows_a_paper(client: Client) -> None:
    page = body(client, "/papers/arxiv:2608.00002/")
    assert "We generate video." in page
    assert "Ada Lovelace" in page
    assert "Hugging Face Daily Papers" in page
    body(client, "/papers/arxiv:9999.99999/", 404)


def test_it_says_that_papers_are_on_their_way(client: Client, db: None) -> None:
    assert "half" in body(client, "/") or "moment" in body(client, "/")


def test_it_says_in_plain_words_that_upstream_is_down(client: Client, hugging_face: Source) -> None:
    FetchRun.objects.create(
        source=hugging_face,
        day=TODAY,
        started_at=NOW,
        status="unreachable",
        message="http://x: can't be reached, after 3 tries",
    )
    page = body(client, "/")
    assert "can&#39;t be reached" in page or "can’t be reached" in page or "could not be reached" in page


def test_it_shows_hostile_text_as_text(client: Client, hugging_face: Any, edition: Edition) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    papers.ingest(hugging_face, [make_record("2608.00001", hostile, abstract=hostile, authors=(hostile,))], TODAY)
    for path in ("/", "/papers/arxiv:2608.00001/"):
        page = body(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.django_db
def test_it_answers_whether_it_is_healthy(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.usefixtures("edition")
def test_it_asks_the_database_few_questions(client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        body(client, "/")


def test_it_shows_a_long_day_in_pages(client: Client, hugging_face: Any) -> None:
    day = TODAY - dt.timedelta(days=1)
    records = [make_record(f"2608.1{n:04}", f"Paper of Rank {n + 1:03}", day=day, votes=300 - n) for n in range(150)]
    papers.ingest(hugging_face, records, day)
    editions.publish(day, now=NOW)
    first, second = body(client, "/2026-08-19/"), body(client, "/2026-08-19/?page=2")
    assert ("150 papers, ranked" in first, "Rank 040" in first, "Rank 041" in first) == (True, True, False)
    assert ("Rank 040" in second, "Rank 041" in second, "41–80 of 150" in second) == (False, True, True)
    assert 'href="/2026-08-19/?page=2"' in first
    for odd in ("0", "9", "x"):
        body(client, f"/2026-08-19/?page={odd}")
