"""The reader of arXiv's feeds."""

import datetime as dt
from pathlib import Path

import pytest

from digest.sources import arxiv, problem_with_key
from digest.sources.http import Http
from digest.sources.records import PaperRecord, SourceError
from tests.conftest import TODAY
from tests.upstream import Upstream

DATA = Path(__file__).resolve().parents[2] / "data"


def feed(*entries: str) -> bytes:
    return (
        "<?xml version='1.0' encoding='UTF-8'?><feed xmlns:arxiv='http://arxiv.org/schemas/atom'"
        " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns='http://www.w3.org/2005/Atom'>"
        f"<id>http://rss.arxiv.org/atom/cs.CL</id><title>cs.CL updates on arXiv.org</title>{''.join(entries)}</feed>"
    ).encode()


def entry(inside: str = "", arxiv_id: str = "2608.00001v1") -> str:
    return f"<entry><id>oai:arXiv.org:{arxiv_id}</id><title>A Title</title>{inside}</entry>"


def read(inside: str = "", arxiv_id: str = "2608.00001v1") -> PaperRecord:
    return arxiv.parse(feed(entry(inside, arxiv_id)), TODAY).records[0]


def test_it_reads_new_papers_and_cross_lists_and_skips_new_versions() -> None:
    batch = arxiv.parse((DATA / "arxiv_atom.xml").read_bytes(), TODAY)
    assert [(record.key, record.announce_type) for record in batch] == [
        ("arxiv:2608.00001", "new"),
        ("arxiv:2607.00002", "cross"),
        ("arxiv:hep-ex/0307015", "cross"),
    ]
    assert (batch.skipped, batch.rejected) == (2, [])


def test_it_reads_all_that_an_entry_says() -> None:
    first = arxiv.parse((DATA / "arxiv_atom.xml").read_bytes(), TODAY).records[0]
    assert first == PaperRecord(
        key="arxiv:2608.00001",
        title="When n<k: Counting <think> Tokens",
        abstract=(
            "We show that when n<k holds for all m, a<b and c>d, the model emits <think>...</think> with p<q & x < y."
        ),
        authors=(
            "Ada Lovelace (University of London (Analytical Group, Room 2), London, UK)",
            "Alan Turing",
            "Émilie du Châtelet",
        ),
        categories=("cs.CL", "cs.LG"),
        url="https://arxiv.org/abs/2608.00001",
        doi="10.1234/counting.5",
        day=TODAY,
        announce_type="new",
    )


def test_it_keeps_an_abstract_without_a_header_whole() -> None:
    assert read("<summary>arXiv: a history.</summary>").abstract == "arXiv: a history."


@pytest.mark.parametrize(
    ("names", "authors"),
    [
        ("Ada Lovelace", ("Ada Lovelace",)),
        ("Ada Lovelace, Alan Turing", ("Ada Lovelace", "Alan Turing")),
        ("A (X, Y), B (Z), C", ("A (X, Y)", "B (Z)", "C")),
        ("A (X, (Y), Z), B", ("A (X, (Y), Z)", "B")),
        ("A), B, C", ("A)", "B", "C")),
        ("", ()),
    ],
)
def test_it_splits_authors_outside_parentheses(names: str, authors: tuple[str, ...]) -> None:
    assert read(f"<dc:creator>{names}</dc:creator>").authors == authors


@pytest.mark.parametrize(
    ("published", "day"),
    [
        ("2026-08-20T00:00:00-04:00", dt.date(2026, 8, 20)),
        ("2026-01-15T00:00:00-05:00", dt.date(2026, 1, 15)),
        ("2026-01-15T00:00:00-04:00", dt.date(2026, 1, 15)),  # in New York it is 11 p.m. of the 14th
    ],
)
def test_it_takes_the_day_that_is_written_in_summer_and_in_winter(published: str, day: dt.date) -> None:
    assert read(f"<published>{published}</published>").day == day


def test_it_leaves_the_day_open_where_the_entry_gives_none() -> None:
    assert read().day is None


@pytest.mark.parametrize(
    ("arxiv_id", "key"),
    [
        ("2608.00001v1", "arxiv:2608.00001"),
        ("0704.0001v2", "arxiv:0704.0001"),
        ("hep-ex/0307015v12", "arxiv:hep-ex/0307015"),
        ("math.GT/0309136", "arxiv:math.GT/0309136"),
    ],
)
def test_it_drops_the_version_of_new_and_old_numbers(arxiv_id: str, key: str) -> None:
    record = read(arxiv_id=arxiv_id)
    assert (record.key, record.url) == (key, key.replace("arxiv:", "https://arxiv.org/abs/"))


def test_it_finds_the_number_in_the_link_where_the_id_is_another() -> None:
    body = feed("<entry><id>urn:1</id><title>T</title><link href='https://arxiv.org/abs/2608.00001'/></entry>")
    assert arxiv.parse(body, TODAY).records[0].key == "arxiv:2608.00001"


def test_it_rejects_an_entry_without_number_or_title_and_keeps_the_others() -> None:
    nameless = "<entry><id>oai:arXiv.org:2608.00002v1</id></entry>"
    batch = arxiv.parse(feed(entry(), entry(), entry(arxiv_id="none"), nameless), TODAY)
    assert len(batch.records) == 2
    assert batch.rejected == [
        "item 3: ValueError: no arXiv id in 'oai:arXiv.org:none'",
        "item 4: ValueError: no title",
    ]


def test_it_reads_a_weekend_as_an_empty_day() -> None:
    assert len(arxiv.parse((DATA / "arxiv_weekend.xml").read_bytes(), TODAY)) == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a feed: the answer is empty"),
        (b"<!doctype html><html><title>Sign in</title></html>", "not a feed: it begins “<!doctype html>"),
        (b'{"papers": []}', "not a feed: it begins “{"),
        (feed(entry())[:80], "not a"),
        (feed(entry()).replace(b"A Title", b"Caf\xe9"), "damaged: not the UTF-8 that arXiv sends"),
        (feed().replace(b"cs.CL updates on arXiv.org", b"Feed error for query: xx"), "arXiv answered: Feed error for"),
    ],
)
def test_it_refuses_what_is_no_feed_of_arxivs(body: bytes, reason: str) -> None:
    with pytest.raises(SourceError) as refused:
        arxiv.parse(body, TODAY)
    assert str(refused.value).startswith(reason)


def test_it_says_that_arxiv_knows_no_such_category(upstream: Upstream) -> None:
    upstream.say("/atom/cs.XX", "<feed/>", 400)
    with pytest.raises(SourceError, match=r"^arXiv has no category cs\.XX$"):
        arxiv.fetch(Http(user_agent="test", limit=1_000_000), "cs.XX", TODAY)


@pytest.mark.parametrize("key", ["cs.CL", "hep-th", "cond-mat.mtrl-sci", "eess.IV", "physics"])
def test_it_takes_a_category_for_its_key(key: str) -> None:
    assert problem_with_key("arxiv", key) == ""


@pytest.mark.parametrize(
    "key", ["", "cs.*", "cs.AI+cs.CL", "../secret", "https://rss.arxiv.org/atom/cs.CL", "cs.CL?x=1"]
)
def test_it_says_how_to_write_a_category(key: str) -> None:
    assert "such as cs.CL" in problem_with_key("arxiv", key)


@pytest.mark.parametrize("key", ["cs.ZZ", "zz", "hep-th.CL", "cs.cl"])
def test_it_says_that_there_is_no_such_category(key: str) -> None:
    assert problem_with_key("arxiv", key).startswith(f"arXiv has no category {key}. ")
