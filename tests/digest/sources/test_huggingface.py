"""The reader of Hugging Face's answers."""

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from digest.sources import huggingface, problem_with_key
from digest.sources.http import Http, StatusError
from digest.sources.records import Batch, PaperRecord, SourceError
from tests.conftest import TODAY
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parents[2] / "data"
PATH = "/api/daily_papers"


def item(arxiv_id: str = "2608.00001", *, outer: dict[str, Any] | None = None, **paper: Any) -> dict[str, Any]:
    """Return an item with the required fields and those given."""
    return {"paper": {"id": arxiv_id, "title": "A Title", "summary": "An abstract."} | paper} | (outer or {})


def parse(*items: Any) -> Batch:
    return huggingface.parse(json.dumps(items).encode(), TODAY)


def read(**paper: Any) -> PaperRecord:
    return parse(item(**paper)).records[0]


@pytest.fixture
def generations() -> dict[str, PaperRecord]:
    """Return the recorded papers by id, one for each form that the API has had."""
    batch = huggingface.parse((DATA / "huggingface_generations.json").read_bytes(), TODAY)
    assert not batch.rejected
    return {record.key: record for record in batch}


def test_it_reads_the_shape_of_may_2024(generations: dict[str, PaperRecord]) -> None:
    assert generations["arxiv:2405.00001"] == PaperRecord(
        key="arxiv:2405.00001",
        title="The Oldest Shape: Wrapped over Lines",
        abstract="Lines are wrapped in the abstract, too, and 50% of ∼4× the maths is gone.",
        authors=("Ada Lovelace",),
        url="https://arxiv.org/abs/2405.00001",
        published_on=dt.date(2024, 5, 24),
        day=TODAY,
        votes=11,
        comments=1,
    )


def test_it_reads_the_shape_of_august_2026(generations: dict[str, PaperRecord]) -> None:
    assert generations["arxiv:2608.00005"] == PaperRecord(
        key="arxiv:2608.00005",
        title="The Newest Shape",
        abstract="Dates without times, and no summary by a machine.",
        authors=("Emmy Noether",),
        url="https://arxiv.org/abs/2608.00005",
        published_on=dt.date(2026, 8, 19),
        day=TODAY,
        thumbnail_url="https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/2608.00005.png",
        github_url="https://github.com/example/newest",
        organization="Symmetry",
        votes=250,
        comments=9,
        submitter="AK",
    )


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("arxiv:2406.00002", "thumbnail_url", "https://huggingface.co/social-thumbnails/papers/2406.00002.png"),
        ("arxiv:2406.00002", "submitter", "AK"),
        ("arxiv:2503.00003", "title", "With Keywords and <think>"),
        ("arxiv:2503.00003", "abstract", 'Prompted by <think> and <a href="https://example.org">a link</a>.'),
        ("arxiv:2503.00003", "keywords", ("reasoning", "chain of thought")),
        ("arxiv:2503.00003", "github_stars", 120),
        ("arxiv:2503.00003", "project_url", "https://think.example.org"),
        ("arxiv:2509.00004", "summary", "It was renamed."),
        ("arxiv:2509.00004", "organization", "Compilers United"),
    ],
)
def test_it_reads_what_each_shape_brought(
    generations: dict[str, PaperRecord], key: str, name: str, value: object
) -> None:
    assert getattr(generations[key], name) == value


def test_it_never_takes_a_day_from_the_times_of_a_paper() -> None:
    batch = parse(item(publishedAt="2026-08-18T00:00:00.000Z", outer={"publishedAt": "2026-08-17T20:00:00.000Z"}))
    assert (batch.records[0].day, batch.records[0].published_on) == (TODAY, dt.date(2026, 8, 18))


@pytest.mark.parametrize(
    ("paper", "name", "value"),
    [
        ({"authors": None}, "authors", ()),
        ({"authors": ["Ada", {"name": None}, {"name": " "}, {"name": "Alan"}]}, "authors", ("Alan",)),
        ({"upvotes": None}, "votes", 0),
        ({"upvotes": -3}, "votes", 0),
        ({"upvotes": 10**12}, "votes", 2**31 - 1),
        ({"upvotes": "many"}, "votes", 0),
        ({"upvotes": float("inf")}, "votes", 0),
        ({"githubStars": None}, "github_stars", None),
        ({"githubStars": 0}, "github_stars", 0),
        ({"publishedAt": "soon"}, "published_on", None),
        ({"publishedAt": 1755561600}, "published_on", None),
        ({"ai_keywords": None}, "keywords", ()),
        ({"ai_keywords": "agents"}, "keywords", ()),
        ({"ai_summary": None}, "summary", ""),
        ({"projectPage": "example.org"}, "project_url", ""),
        ({"projectPage": "javascript:alert(1)"}, "project_url", ""),
        ({"projectPage": "https://[broken"}, "project_url", ""),
        ({"githubRepo": 7}, "github_url", ""),
        ({"title": "Half a \ud83d pair"}, "title", "Half a pair"),
    ],
)
def test_it_reads_a_paper_whatever_is_odd_about_the_rest(paper: dict[str, Any], name: str, value: object) -> None:
    assert getattr(read(**paper), name) == value


@pytest.mark.parametrize(
    ("outer", "name", "value"),
    [
        ({"thumbnail": "/papers/1.png"}, "thumbnail_url", "https://huggingface.co/papers/1.png"),
        ({"thumbnail": "data:image/png;base64,AAAA"}, "thumbnail_url", ""),
        (
            {"mediaUrls": ["https://x.org/a.mp4", "https://x.org/b.PNG?v=1", "https://x.org/c.gif"]},
            "figure_url",
            "https://x.org/b.PNG?v=1",
        ),
        ({"mediaUrls": ["https://x.org/a.webm"]}, "figure_url", ""),
        ({"mediaUrls": [None, 7, "javascript:a.png", {"url": "https://x.org/a.png"}]}, "figure_url", ""),
        ({"mediaUrls": "https://x.org/a.png"}, "figure_url", ""),
        ({"organization": "Symmetry"}, "organization", ""),
        ({"organization": {"name": "symmetry"}}, "organization", "symmetry"),
        ({"organization": {"fullname": "x" * 300}}, "organization", "x" * 200),
        ({"submittedBy": None}, "submitter", ""),
        ({"submittedBy": {"fullname": "AK", "avatarUrl": "/avatars/2.svg"}}, "submitter", "AK"),
        ({"numComments": None}, "comments", 0),
    ],
)
def test_it_reads_an_item_whatever_is_odd_around_the_paper(outer: dict[str, Any], name: str, value: object) -> None:
    assert getattr(parse(item(outer=outer)).records[0], name) == value


def test_it_takes_a_title_of_0_for_a_title() -> None:
    assert read(title="0").title == "0"


def test_it_skips_a_withdrawn_paper() -> None:
    batch = parse(item(), item("2608.00002", withdrawnAt="2026-08-20T09:00:00.000Z"))
    assert [record.key for record in batch] == ["arxiv:2608.00001"]
    assert (batch.skipped, batch.rejected) == (1, [])


@pytest.mark.parametrize(
    "broken",
    [
        {},
        "a paper",
        None,
        [],
        {"paper": None},
        {"paper": "{'id': '2608.00002'}"},
        item(id="2608.2"),
        item(id="../../etc"),
        item(id=None),
        item(title=""),
        item(title=None),
        {"paper": {"id": "2608.00002", "title": "No abstract"}},
    ],
)
def test_it_rejects_an_unreadable_item_and_keeps_the_others(broken: Any) -> None:
    batch = parse(item(), broken)
    assert [record.key for record in batch] == ["arxiv:2608.00001"]
    assert len(batch.rejected) == 1
    assert batch.rejected[0].startswith("item 2: ")


def test_it_refuses_a_day_of_which_more_than_half_is_unreadable() -> None:
    with pytest.raises(SourceError, match=r"2 of 3 items can't be read\. The first: item 1: KeyError: 'paper'"):
        parse({}, {}, item())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON: the answer is empty"),
        (b"\x00\x01\xff", "not JSON: it begins “\N{REPLACEMENT CHARACTER}”"),
        (b"<!doctype html><title>Sign in</title>", "not JSON: it begins “<!doctype html>"),
        (b'[{"paper": ', "not JSON: it begins “"),
        (b"[" * 100_000, "not JSON: it begins “"),
        (b'[{"title": "\xff"}]', "not JSON: it begins “"),
        (b'{"error": "try later"}', "not a list of papers: it begins “"),
        (b"null", "not a list of papers: it begins “null”"),
    ],
)
def test_it_refuses_what_is_no_list_of_papers(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError) as refused:
        huggingface.parse(body, TODAY)
    assert str(refused.value).startswith(reason)


def test_it_finds_nothing_in_an_empty_day() -> None:
    assert len(parse()) == 0


def http() -> Http:
    return Http(user_agent="test", limit=1_000_000, sleep=lambda seconds: None)


def test_it_asks_for_the_day_a_hundred_at_a_time(upstream: Upstream) -> None:
    upstream.say(PATH, "[]")
    huggingface.fetch(http(), "", TODAY, page=3)
    assert upstream.asked[0].query == {"date": "2026-08-20", "limit": "100", "p": "3"}


@pytest.mark.parametrize("packed", [False, True])
def test_it_takes_a_day_in_the_future_for_one_without_papers_yet(upstream: Upstream, packed: bool) -> None:
    body = b'{"error":"date must not be in the future"}'
    if packed:
        upstream.say(PATH, gzip.compress(body), 400, Content_Encoding="gzip")
    else:
        upstream.say(PATH, body, 400)
    assert huggingface.parse(huggingface.fetch(http(), "", TODAY), TODAY).records == []


def test_it_reports_any_other_refusal(upstream: Upstream) -> None:
    upstream.say(PATH, '{"error":"Invalid date"}', 400)
    with pytest.raises(StatusError, match=r'answered 400 Bad Request: \{"error":"Invalid date"\}'):
        huggingface.fetch(http(), "", TODAY)


def test_it_has_no_key() -> None:
    assert problem_with_key("huggingface", "") == ""
    assert "one list" in problem_with_key("huggingface", "cs.CL")
