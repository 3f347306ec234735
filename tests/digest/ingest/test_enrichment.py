"""Metadata that arXiv adds to papers of other sources."""

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import pytest

from digest import papers, tasks
from digest.ingest import enrichment, source_client
from digest.ingest.enrichment import EnrichmentResult, enrich
from digest.models import Listing, Paper, Source
from digest.sources import arxiv_api
from tests.conftest import NOW, TODAY, make_record
from tests.upstream import Upstream

BODY = (Path(__file__).resolve().parents[2] / "data" / "arxiv_api.xml").read_bytes()
API = "/api/query"


pytestmark = pytest.mark.usefixtures("at_noon", "impatient")


@pytest.fixture
def counting(hugging_face: Source) -> Paper:
    """A paper that Hugging Face listed and that arXiv has metadata for."""
    papers.ingest(hugging_face, [make_record("2608.00001", "When n k: Counting Tokens", votes=3)], TODAY)
    return Paper.objects.get()


def asked_ids(upstream: Upstream) -> list[list[str]]:
    return [asked.query["id_list"].split(",") for asked in upstream.asked]


def test_it_adds_what_arxiv_knows(upstream: Upstream, counting: Paper) -> None:
    upstream.say(API, BODY)
    assert enrich(now=NOW) == EnrichmentResult(asked=1, changed=1)
    counting.refresh_from_db()
    assert counting.categories == ["cs.CL", "cs.LG"]
    assert counting.title == "When n<k: Counting <think> Tokens"
    assert counting.authors == ["Ada Lovelace", "Émilie du Châtelet"]
    assert counting.abstract.startswith("We show that a<b")
    assert counting.comment == "12 pages, 3 figures. Accepted at an invented conference"
    assert (counting.doi, counting.enriched_at, counting.votes) == ("10.1234/counting.5", NOW, 3)


def test_it_makes_no_paper_and_no_listing_of_its_own(upstream: Upstream, counting: Paper) -> None:
    upstream.say(API, BODY)  # of two papers
    enrich(now=NOW)
    assert (Paper.objects.count(), Listing.objects.count()) == (1, 1)


def test_it_asks_for_a_paper_once_a_day(upstream: Upstream, counting: Paper) -> None:
    upstream.say(API, BODY.replace(b"2608.00001", b"2608.00009"))  # arXiv does not know it yet
    assert enrich(now=NOW) == EnrichmentResult(asked=1)
    assert enrich(now=NOW + dt.timedelta(hours=24)) == EnrichmentResult()
    assert enrich(now=NOW + dt.timedelta(hours=25)) == EnrichmentResult(asked=1)


def test_it_asks_for_nothing_more_once_it_is_known(upstream: Upstream, counting: Paper) -> None:
    upstream.say(API, BODY)
    enrich(now=NOW)
    assert enrich(now=NOW + dt.timedelta(days=2)) == EnrichmentResult()
    assert len(upstream.asked) == 1


def test_it_asks_for_recent_papers_of_hugging_face_alone(upstream: Upstream, hugging_face: Source) -> None:
    blog = Source.objects.create(kind=Source.Kind.FEED, key="https://example.org/feed", name="A Blog")
    papers.ingest(blog, [make_record("2608.00001", "Seen in a Blog")], TODAY)
    papers.ingest(hugging_face, [make_record("2608.00002", "Known", categories=("cs.CL",))], TODAY)
    papers.ingest(hugging_face, [make_record("2608.00003", "Long Ago"), make_record("2608.00004", "Today")], TODAY)
    Paper.objects.filter(key="arxiv:2608.00003").update(first_seen_at=NOW - dt.timedelta(days=8))
    upstream.say(API, BODY)
    enrich(now=NOW)
    assert asked_ids(upstream) == [["2608.00004"]]


def test_it_asks_for_a_paper_that_is_listed_on_several_days_once(upstream: Upstream, hugging_face: Source) -> None:
    for day in (TODAY - dt.timedelta(days=1), TODAY):
        papers.ingest(hugging_face, [make_record("2608.00001", "Twice", day=day)], day)
    upstream.say(API, BODY)
    assert enrich(now=NOW).asked == 1


def test_it_asks_for_many_in_batches_and_in_turns(
    upstream: Upstream, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(source_client.wait_for_turn, "__kwdefaults__", {"sleep": naps.append})
    papers.ingest(hugging_face, [make_record(f"2607.{n:05}", f"Paper {n}") for n in range(250)], TODAY)
    upstream.say(API, BODY)
    assert enrich(now=NOW) == EnrichmentResult(asked=250)
    assert [len(ids) for ids in asked_ids(upstream)] == [100, 100, 50]
    assert naps == [0, 3, 6]  # the clock is frozen here, so each request gets a slot after the last one


def test_it_leaves_the_rest_of_a_flood_to_the_next_hour(
    upstream: Upstream, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrichment, "MAX_BATCHES", 1)
    monkeypatch.setattr(arxiv_api, "MAX_IDS", 2)
    papers.ingest(hugging_face, [make_record(f"2607.0000{n}", f"Paper {n}") for n in range(3)], TODAY)
    upstream.say(API, BODY)
    assert [enrich(now=NOW).asked for _ in range(3)] == [2, 1, 0]
    assert asked_ids(upstream) == [["2607.00002", "2607.00001"], ["2607.00000"]]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"slow down", 429, "answered 429 Too Many Requests"),
        (b"", 503, "answered 503"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", 200, "sent an empty page"),
        (b"<html>Sign in</html>", 200, "not the expected XML"),
        (b"<feed/>", 400, "refuses one of the 1 ids"),
    ],
)
def test_it_loses_nothing_and_says_so_when_arxiv_does_not_answer(
    upstream: Upstream,
    counting: Paper,
    caplog: pytest.LogCaptureFixture,
    body: bytes,
    status: int,
    reason: str,
) -> None:
    upstream.say(API, body, status)
    with caplog.at_level(logging.WARNING):
        assert enrich(now=NOW) == EnrichmentResult(asked=1, failed=1)
    assert "Can't fetch arXiv's metadata of 1 papers" in caplog.text
    assert reason in caplog.text
    counting.refresh_from_db()
    assert (counting.categories, counting.enriched_at) == ([], None)
    upstream.answers.clear()
    upstream.say(API, BODY)
    assert enrich(now=NOW + dt.timedelta(hours=1)).changed == 1


def test_it_asks_an_unreachable_arxiv_for_no_further_batch(
    upstream: Upstream, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "MAX_IDS", 1)
    papers.ingest(hugging_face, [make_record("2608.00001", "A"), make_record("2608.00002", "B")], TODAY)
    upstream.say(API, b"", 429)
    assert enrich(now=NOW) == EnrichmentResult(asked=1, failed=1)


def test_it_goes_on_after_a_batch_that_arxiv_refuses(
    upstream: Upstream, hugging_face: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "MAX_IDS", 1)
    papers.ingest(hugging_face, [make_record("2608.00001", "A"), make_record("2613.00002", "B")], TODAY)
    upstream.say(API, b"<feed/>", 400)
    upstream.say(API, BODY)
    assert enrich(now=NOW) == EnrichmentResult(asked=2, changed=1, failed=1)


def test_it_is_rung_for_every_hour_beside_the_fetching(upstream: Upstream, counting: Paper, settings: Any) -> None:
    upstream.say(API, BODY)
    tasks.enrich_papers()
    counting.refresh_from_db()
    assert counting.enriched_at == NOW
    assert settings.CELERY_TASK_ROUTES["digest.tasks.enrich_papers"] == {"queue": "fetch"}
