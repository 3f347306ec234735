"""Keys and links of papers, and the reading of items one by one."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.records import PaperRecord, SourceError, clean_link, doi_in, paper_key, read_all, web_link


@pytest.mark.parametrize(
    ("places", "key"),
    [
        (["https://arxiv.org/abs/2608.16590"], "arxiv:2608.16590"),
        (["http://arxiv.org/pdf/2608.16590v3.pdf"], "arxiv:2608.16590"),
        (["https://www.arxiv.org/html/2608.16590v1#S2"], "arxiv:2608.16590"),
        (["https://arxiv.org/abs/hep-ex/0307015v1"], "arxiv:hep-ex/0307015"),
        (["https://arxiv.org/abs/0704.0001"], "arxiv:0704.0001"),
        (["https://doi.org/10.48550/arXiv.2608.16590"], "arxiv:2608.16590"),
        (["https://huggingface.co/papers/2608.16590"], "arxiv:2608.16590"),
        (["https://www.alphaxiv.org/abs/2608.16590v2"], "arxiv:2608.16590"),
        (["https://lab.example.org/1", "https://arxiv.org/abs/2608.16590"], "arxiv:2608.16590"),
        (["https://notarxiv.org/abs/2608.16590"], None),
        (["https://doi.org/10.1234/ABC.5"], "doi:10.1234/abc.5"),
        (["https://example.org/10.1101/2026.08.6v1", "", "doi:10.1101/2026.08.6"], "doi:10.1101/2026.08.6"),
        (["https://example.org/article?id=10.1371/journal.x&type=y"], "doi:10.1371/journal.x"),
        (["https://example.org/2010.1234/post"], None),
        (["https://example.org/post"], None),
    ],
)  # fmt: skip
def test_it_finds_the_canonical_key(places: list[str], key: str | None) -> None:
    if key:
        assert paper_key(*places) == key
    else:
        assert paper_key(*places).startswith("link:")


def test_it_gives_the_same_link_the_same_key_wherever_the_reader_came_from() -> None:
    plain = paper_key("https://example.org/a?id=1")
    assert paper_key("https://EXAMPLE.org/a?utm_source=rss&id=1&rss=1") == plain
    assert paper_key("https://example.org/a?id=2") != plain


def test_it_gives_no_key_without_any_place() -> None:
    with pytest.raises(ValueError, match="neither a link nor an id"):
        paper_key("", "")


@given(st.text(max_size=40), st.text(max_size=400))
def test_it_gives_a_key_that_the_database_takes(place: str, suffix: str) -> None:
    link = web_link(f"https://example.org/{place}") or "https://example.org/"
    assert len(paper_key(link, f"10.1234/{suffix}")) <= 300


@pytest.mark.parametrize(
    ("place", "doi"),
    [
        ("doi:10.1234/ABC.5", "10.1234/ABC.5"),
        ("https://doi.org/10.1234/abc.5).", "10.1234/abc.5"),
        ("10.1234/a b", "10.1234/a"),
        ("PII: S0140-6736", ""),
        ("110.1234/abc", ""),
        ("10.1234/" + "x" * 300, ""),
        ("", ""),
    ],
)
def test_it_finds_a_doi(place: str, doi: str) -> None:
    assert doi_in(place) == doi


@pytest.mark.parametrize(
    ("link", "cleaned"),
    [
        ("https://Example.ORG/Path?a=1&utm_source=x&b=2&utm_medium=y", "https://example.org/Path?a=1&b=2"),
        ("http://biorxiv.org/cgi/content/short/857789v1?rss=1", "http://biorxiv.org/cgi/content/short/857789v1"),
        ("https://example.org/?rss=12&page&q=a%2Fb", "https://example.org/?rss=12&page&q=a%2Fb"),
        ("https://example.org/news#utm_source=rss", "https://example.org/news"),
        ("https://example.org/news#item-3", "https://example.org/news#item-3"),
        (" https://example.org/ ", "https://example.org/"),
        ("https://[example.org/", "https://[example.org/"),
    ],
)
def test_it_strips_from_a_link_what_only_follows_the_reader(link: str, cleaned: str) -> None:
    assert clean_link(link) == cleaned


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("https://example.org/ü?a=b#c", "https://example.org/ü?a=b#c"),
        (" http://example.org ", "http://example.org"),
        ("https://example.org/a b\"c<d>\n", "https://example.org/a%20b%22c%3Cd%3E"),
        ("https://example.org\\@evil.example/", "https://evil.example/"),
        ("https://ada:secret@example.org:8443/a?b=@c", "https://example.org:8443/a?b=@c"),
        ("https://ada@example.org@example.com", "https://example.com"),
        ("https://ada:secret@", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.org/a", ""),
        ("/relative", ""),
        ("https://", ""),
        ("https:///path", ""),
        ("https://[broken", ""),
        ("https://example.org/\ud83d", ""),
        ("https://example.org/" + "a" * 1000, ""),
        ("", ""),
        (None, ""),
        (7, ""),
        (["https://example.org"], ""),
    ],
)  # fmt: skip
def test_it_takes_a_web_link_and_nothing_else(value: Any, link: str) -> None:
    assert web_link(value) == link


@given(st.one_of(st.text(), st.text().map("https://x.org/".__add__), st.integers(), st.binary()))
def test_it_makes_of_anything_a_safe_link_or_none(value: Any) -> None:
    link = web_link(value)
    assert link == "" or link.lower().startswith(("http://", "https://"))
    assert not set(link) & set(' "<>\\\x00\n\t')
    assert len(link) <= 1000


DAY = dt.date(2026, 8, 20)


def number(item: Any) -> PaperRecord | None:
    """Read a number; 0 is skipped."""
    return PaperRecord(key=f"n:{item}", title=f"{item:d}", url="https://example.org/") if item else None


def test_it_reads_items_one_by_one() -> None:
    batch = read_all([1, "x", 0, 2], number)
    assert [record.title for record in batch] == ["1", "2"]
    assert batch.rejected == ["item 2: ValueError: Unknown format code 'd' for object of type 'str'"]
    assert (batch.skipped, len(batch)) == (1, 4)


def test_it_reads_on_where_just_half_is_unreadable() -> None:
    assert len(read_all([1, "x", 2, "x"], number).rejected) == 2


def test_it_refuses_the_whole_where_more_than_half_is_unreadable() -> None:
    with pytest.raises(SourceError, match=r"^2 of 3 items can't be read\. The first: item 2: ValueError"):
        read_all([1, "x", "x"], number)


def test_it_keeps_the_reason_for_a_rejection_short() -> None:
    def refuse(item: Any) -> PaperRecord:
        raise ZeroDivisionError(item)

    with pytest.raises(SourceError) as refused:
        read_all(["x" * 100_000], refuse)
    assert len(str(refused.value)) < 300
