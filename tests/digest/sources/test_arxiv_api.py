"""Requests to arXiv's query API, and the parsing of its answers."""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import arxiv_api
from digest.sources.http import Http, StatusError
from digest.sources.records import PaperRecord, SourceError
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parents[2] / "data"
BODY = (DATA / "arxiv_api.xml").read_bytes()
HTTP = Http(user_agent="test", limit=1_000_000, sleep=lambda seconds: None)


def test_it_asks_for_all_ids_at_once(upstream: Upstream) -> None:
    upstream.say("/api/query", BODY)
    assert arxiv_api.fetch(HTTP, ["2608.00001", "hep-ex/0307015"]) == BODY
    [asked] = upstream.asked
    assert asked.query == {"id_list": "2608.00001,hep-ex/0307015", "max_results": "2"}


def test_it_says_that_arxiv_refuses_an_id(upstream: Upstream) -> None:
    upstream.say("/api/query", "<feed/>", 400)
    with pytest.raises(SourceError, match=r"^arXiv's API refuses one of the 2 ids from 2608\.00001 to x$"):
        arxiv_api.fetch(HTTP, ["2608.00001", "x"])


def test_it_says_nothing_of_its_own_of_other_faults(upstream: Upstream) -> None:
    upstream.say("/api/query", "no", 403)
    with pytest.raises(StatusError, match=r"answered 403 Forbidden: no$"):
        arxiv_api.fetch(HTTP, ["2608.00001"])


def test_it_reads_all_that_an_entry_says() -> None:
    assert arxiv_api.parse(BODY).records[0] == PaperRecord(
        key="arxiv:2608.00001",
        title="When n<k: Counting <think> Tokens",
        abstract="We show that a<b and c>d, and emit <think>...</think>.",
        authors=("Ada Lovelace", "Émilie du Châtelet"),
        categories=("cs.CL", "cs.LG"),
        url="https://arxiv.org/abs/2608.00001",
        published_on=dt.date(2026, 8, 1),
        doi="10.1234/counting.5",
        comment="12 pages, 3 figures. Accepted at an invented conference",
    )


def test_it_takes_a_paper_on_errors_for_a_paper() -> None:
    assert [record.key for record in arxiv_api.parse(BODY)] == ["arxiv:2608.00001", "arxiv:hep-ex/0307015"]


def test_it_rejects_an_entry_that_it_cannot_read_and_keeps_the_others() -> None:
    batch = arxiv_api.parse(BODY.replace(b"arxiv.org/abs/hep-ex/0307015v1", b"example.org/1"))
    assert [record.key for record in batch] == ["arxiv:2608.00001"]
    assert batch.rejected == ["item 2: ValueError: no arXiv id in 'http://example.org/1'"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not readable as XML"),
        (b"<!doctype html><html><title>Sign in</title>", "not readable as XML"),
        (b"<html><body>Sign in</body></html>", "not the expected XML: it begins “<html>"),
        (BODY[:-60], "not readable as XML"),
        (BODY.replace("É".encode(), b"\xc9"), "not readable as XML"),
        (b"<feed>" + b"<a/>" * 600_000 + b"</feed>", "refused: the answer holds more elements than any honest one"),
        (b"<!DOCTYPE feed [<!ENTITY a 'b'>]><feed/>", "refused: the answer defines its own entities"),
        ("<?xml version='1.0' encoding='UTF-16'?><feed/>".encode("utf-16"), "not the expected XML"),
        (b"<?xml version='1.0' encoding='punycode'?><feed/>", "not readable as XML"),
    ],
)
def test_it_refuses_what_is_no_answer_of_the_api(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError) as refused:
        arxiv_api.parse(body)
    assert str(refused.value).startswith(reason)


@given(damage=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=5))
def test_it_reads_or_refuses_a_damaged_answer(damage: list[tuple[float, bytes]]) -> None:
    body = BODY
    for where, what in damage:
        at = int(where * len(body))
        body = body[:at] + what + body[at + 4 :]
    with suppress(SourceError):
        arxiv_api.parse(body)


@given(body=st.binary(max_size=300))
def test_it_reads_or_refuses_any_bytes(body: bytes) -> None:
    with suppress(SourceError):
        arxiv_api.parse(body)


# --- What arXiv really sent -------------------------------------------------------


def test_it_says_what_arxiv_says_is_wrong(recorded: Callable[[str], bytes]) -> None:
    with pytest.raises(SourceError, match=r"^arXiv's API answered: incorrect id format for abc$"):
        arxiv_api.parse(recorded("arxiv/api_id_abc_error.xml"))


def test_it_takes_an_empty_page_for_no_answer(recorded: Callable[[str], bytes]) -> None:
    with pytest.raises(SourceError, match=r"^arXiv's API sent an empty page; it counts 0 papers$"):
        arxiv_api.parse(recorded("arxiv/api_id_0000.0000_notfound.xml"))


@pytest.mark.parametrize(
    ("name", "key", "title", "categories", "published", "comment"),
    [
        ("api_id_1605.08386", "1605.08386", "Heat-bath", ("math.CO", "math.ST"), "2016-05-26", "20 pages, 3 figures"),
        ("api_id_2104.12255v1_title_0", "2104.12255", "0", ("cs.CR",), "2021-04-20", ""),
        ("api_id_astro-ph_0601001_oldstyle", "astro-ph/0601001", "Freq", ("astro-ph",), "2006-01-02", "62 pages"),
    ],
)
def test_it_reads_papers_of_all_times(
    recorded: Callable[[str], bytes],
    name: str,
    key: str,
    title: str,
    categories: tuple[str, ...],
    published: str,
    comment: str,
) -> None:
    [record] = arxiv_api.parse(recorded(f"arxiv/{name}.xml"))
    assert record.key == f"arxiv:{key}"
    assert record.title.startswith(title)
    assert (record.categories, str(record.published_on)) == (categories, published)
    assert record.comment.startswith(comment)


@pytest.mark.parametrize(
    ("name", "count"), [("api_query_2026-07-13_csAI_OR_csLG_50", 50), ("api_query_testing_10", 10)]
)
def test_it_reads_whole_pages(recorded: Callable[[str], bytes], name: str, count: int) -> None:
    batch = arxiv_api.parse(recorded(f"arxiv/{name}.xml"))
    assert (len(batch.records), batch.rejected) == (count, [])
    assert all(record.abstract and record.authors and record.categories for record in batch)
