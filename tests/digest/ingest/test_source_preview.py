"""The preview of a source's papers, which stores nothing."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from digest.ingest import source_client
from digest.ingest.source_preview import preview_source
from digest.models import FetchRun, Paper, Source
from digest.sources import feed, huggingface
from digest.sources.http import Http
from tests.conftest import TODAY
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parent.parent.parent / "data"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.ingest.source_client.Http", partial(Http, sleep=lambda seconds: None))
    monkeypatch.setattr(source_client.wait_for_turn, "__kwdefaults__", {"sleep": lambda seconds: None})


@pytest.fixture
def open_house(settings: Any) -> None:
    """Allow feeds on loopback addresses."""
    settings.FETCH_PRIVATE_HOSTS = True


def rss(*titles: str) -> str:
    items = (f"<item><title>{t}</title><link>https://example.org/{n}</link></item>" for n, t in enumerate(titles))
    return f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>"


@pytest.mark.usefixtures("open_house")
def test_it_shows_the_first_papers_of_a_feed(upstream: Upstream) -> None:
    upstream.say("/feed", (DATA / "feed_rss.xml").read_bytes())
    trial = preview_source("feed", f"{upstream.url}/feed", TODAY)
    assert (trial.error, trial.items, trial.papers, trial.has_more) == ("", 3, 3, False)
    first = trial.first[0]
    assert first.title == "Cats & Dogs: H2O for Both"
    assert first.authors == "Ada Lovelace, Alan Turing"
    assert first.url == "https://lab.example.org/posts/1?page=2"
    assert first.sentence.startswith("We gave them water.")


@pytest.mark.usefixtures("open_house")
def test_it_shows_ten_of_many(upstream: Upstream) -> None:
    upstream.say("/feed", rss(*(f"Title {n}" for n in range(30))))
    trial = preview_source("feed", f"{upstream.url}/feed", TODAY)
    assert (trial.papers, len(trial.first)) == (30, 10)


@pytest.mark.usefixtures("open_house")
def test_it_counts_what_is_rejected_and_says_why(upstream: Upstream) -> None:
    upstream.say("/feed", rss("One", "", "Three"))
    trial = preview_source("feed", f"{upstream.url}/feed", TODAY)
    assert (trial.items, trial.papers, trial.rejected) == (3, 2, ["item 2: ValueError: no title"])


def test_it_counts_what_arxiv_announced_before(upstream: Upstream) -> None:
    upstream.say("/atom/cs.CL", (DATA / "arxiv_atom.xml").read_bytes())
    trial = preview_source("arxiv", "cs.CL", TODAY)
    assert trial.skipped > 0
    assert trial.items == trial.papers + trial.skipped + len(trial.rejected)


def test_it_asks_hugging_face_for_one_page_and_says_that_there_may_be_more(upstream: Upstream) -> None:
    papers = [{"paper": {"id": f"2608.{n:05}", "title": f"Paper {n}", "summary": "On it."}} for n in range(100)]
    upstream.say("/api/daily_papers", json.dumps(papers))
    trial = preview_source("huggingface", "", TODAY)
    assert (trial.papers, trial.has_more, len(upstream.asked)) == (100, True, 1)
    assert huggingface.PAGE_SIZE == 100


def test_it_names_a_few_authors_and_counts_the_others(upstream: Upstream) -> None:
    paper = {"id": "2608.00001", "title": "A", "summary": "B", "authors": [{"name": f"A{n}"} for n in range(9)]}
    upstream.say("/api/daily_papers", json.dumps([{"paper": paper}]))
    assert preview_source("huggingface", "", TODAY).first[0].authors == "A0, A1, A2 and 6 more"


def test_it_needs_no_network_for_the_sample_day() -> None:
    assert preview_source("sample", "", TODAY).papers > 0


@pytest.mark.parametrize("kind", Source.Kind.values)
def test_it_says_what_is_wrong_with_a_key(upstream: Upstream, kind: str) -> None:
    assert preview_source(kind, "no such thing", TODAY).error
    assert upstream.asked == []


@pytest.mark.usefixtures("open_house")
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, "gone", "answered 404"),
        (503, "", "answered 503 Service Unavailable, after 3 tries"),
        (200, "<html><p>Sign in</p></html>", "not a feed"),
        (200, "", "the answer is empty"),
        (200, rss("", ""), "2 of 2 items can't be read"),
    ],
)
def test_it_says_why_a_source_can_not_be_read(upstream: Upstream, status: int, body: str, reason: str) -> None:
    upstream.say("/feed", body, status)
    trial = preview_source("feed", f"{upstream.url}/feed", TODAY)
    assert reason in trial.error
    assert (trial.items, trial.first) == (0, [])


def test_it_refuses_private_addresses_as_real_fetching_does(upstream: Upstream) -> None:
    assert "is in a private network" in preview_source("feed", f"{upstream.url}/feed", TODAY).error
    assert upstream.asked == []


@pytest.mark.usefixtures("open_house")
def test_it_survives_a_fault_of_ours(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.say("/feed", rss("One"))
    monkeypatch.setattr(feed, "parse", lambda body, day: 1 / 0)
    assert "please report" in preview_source("feed", f"{upstream.url}/feed", TODAY).error


def test_it_stores_nothing(upstream: Upstream) -> None:
    before = Source.objects.count()
    upstream.say("/atom/cs.CL", (DATA / "arxiv_atom.xml").read_bytes())
    assert preview_source("arxiv", "cs.CL", TODAY).papers
    assert not Paper.objects.exists()
    assert not FetchRun.objects.exists()
    assert Source.objects.count() == before
