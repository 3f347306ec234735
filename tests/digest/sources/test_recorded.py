"""Recorded answers of Hugging Face, arXiv and others are read without loss. Skipped if the recordings are missing."""

import datetime as dt
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from digest import papers
from digest.models import Listing, Paper, Source
from digest.papers import IngestResult
from digest.sources import arxiv, feed, huggingface
from digest.sources.records import Batch, SourceError
from digest.text.cleanup import clean
from digest.text.latex import from_tex
from tests.conftest import RECORDED, TODAY

Recorded = Callable[[str], bytes]

DAYS = sorted(path.stem for path in (RECORDED / "hf").glob("20??-??-??.json"))
ALL_DAYS = sorted(path for kind in ("hf", "archive") for path in (RECORDED / kind).glob("20??-??-??.json"))
TEX = re.compile(r"\^|_\{|\\[A-Za-z]{2}|(?:textbf|textit|mathcal|mathbb)\{|\dtimes")
ARXIV_FEEDS = ["arxiv/atom_cs.AI_2025-08-20.xml"]
FEEDS = [
    "arxiv/api_id_1605.08386.xml",
    "arxiv/api_id_2104.12255v1_title_0.xml",
    "arxiv/api_id_astro-ph_0601001_oldstyle.xml",
    "arxiv/api_query_2026-07-13_csAI_OR_csLG_50.xml",
    "arxiv/api_query_testing_10.xml",
    "arxiv/atom_cs.AI_2025-08-20.xml",
    "arxiv/rss_combined_2026-09-24_cs.LG+cs.AI+cs.CL+stat.ML.xml",
    "arxiv/rss_cs.AI_2026-04-27.xml",
    "arxiv/rss_cs.CL_2026-04-27.xml",
    "other/biorxiv_rdf_bioengineering_2019.xml",
    "other/takara_tldr_rss_2026-04-30.xml",
]
OF_HTML = ["other/bair_blog_rss.xml", "other/hf_daily_feedgen_rss_2026-04-30.xml"]


def day_of(recorded: Recorded, day: str) -> tuple[Batch, list[dict[str, Any]]]:
    body = recorded(f"hf/{day}.json")
    return huggingface.parse(body, dt.date.fromisoformat(day)), json.loads(body)


def texts(xml: bytes) -> list[str]:
    """Return the abstract of each entry as a plain XML parser reads it, with white space folded."""
    entries = [element for element in ET.fromstring(xml).iter() if local_name(element) in ("item", "entry")]
    return [clean(part_of(entry, "description") or part_of(entry, "summary")) for entry in entries]


def part_of(entry: ET.Element, name: str) -> str:
    return next((part.text or "" for part in entry if local_name(part) == name), "")


def local_name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


COMMANDS = {"times", "frac", "lceil", "rceil", "left", "right", "mathcal", "textit", "textbf", "varepsilon", "delta"}


def words(text: str) -> set[str]:
    """Return the plain words of a text, or of its TeX without the names of commands."""
    plain = re.sub(r"\\[A-Za-z]+", " ", unicodedata.normalize("NFKD", text))
    return set(re.findall(r"(?<![\w^{}$\\'])[A-Za-z]{4,}(?![\w^{$\\'])", plain)) - COMMANDS


def assert_whole(read: str, sent: str) -> None:
    assert read == from_tex(sent)
    assert words(sent) - words(read) == set()


def without_header(text: str) -> str:
    return text.partition(" Abstract: ")[2] if text.startswith("arXiv:") else text


def test_it_finds_all_the_recorded_days(recorded: Recorded) -> None:
    assert recorded("hf/2026-08-20.json")
    assert len(DAYS) == 45


@pytest.mark.parametrize("day", DAYS)
def test_it_reads_every_recorded_day_whole(recorded: Recorded, day: str) -> None:
    batch, items = day_of(recorded, day)
    assert (batch.rejected, batch.skipped) == ([], 0)
    for record, item in zip(batch.records, items, strict=True):
        paper = item["paper"]
        assert_whole(record.title, paper["title"])
        assert_whole(record.abstract, paper["summary"])
        assert len(record.authors) == sum(not author["hidden"] for author in paper["authors"])
        assert record.votes == paper["upvotes"]
        assert str(record.published_on) == paper["publishedAt"][:10]
        assert bool(record.summary) == ("ai_summary" in paper)


def test_it_leaves_no_tex_in_any_recorded_text(recorded: Recorded) -> None:
    days = [json.loads(recorded(f"{path.parent.name}/{path.name}")) for path in ALL_DAYS]
    papers_of_days = [item["paper"] for items in days for item in items]
    sent = {paper.get(name) or "" for paper in papers_of_days for name in ("title", "summary", "ai_summary")}
    sent |= {text for path in FEEDS for text in texts(recorded(path))}
    assert len(sent) > 1_000
    left = {text: found[0] for text in map(from_tex, sent) if (found := TEX.search(text))}
    assert left == {}


@pytest.mark.django_db
def test_it_stores_all_recorded_days_and_changes_nothing_in_a_second_run(
    recorded: Recorded, hugging_face: Source
) -> None:
    batches = [(dt.date.fromisoformat(day), day_of(recorded, day)[0].records) for day in DAYS]
    new = 0
    for day, records in batches:
        new += papers.ingest(hugging_face, records, day).new
        assert papers.ingest(hugging_face, records, day) == IngestResult(unchanged=len(records)), day
    assert new == Paper.objects.count() == len({record.key for _, records in batches for record in records})
    assert Listing.objects.count() == sum(len(records) for _, records in batches)

    before = rows()
    for day, records in batches:
        papers.ingest(hugging_face, records, day)
    assert rows() == before


def rows() -> list[list[Any]]:
    return [
        list(Paper.objects.order_by("pk").values()),
        list(Listing.objects.order_by("paper", "source", "day").values()),
    ]


def test_it_refuses_the_day_that_an_archiver_corrupted(recorded: Recorded) -> None:
    with pytest.raises(SourceError, match=r"^(\d+) of \1 items can't be read\. The first: item 1: TypeError: "):
        huggingface.parse(recorded("other/hf_day_corrupted_by_an_archiver.json"), TODAY)


def test_it_takes_a_single_paper_for_no_day(recorded: Recorded) -> None:
    with pytest.raises(SourceError, match="not a list of papers"):
        huggingface.parse(recorded("other/hf_paper_detail_2605.15141.json"), TODAY)


@pytest.mark.parametrize("path", ARXIV_FEEDS)
def test_it_reads_arxivs_feed_without_loss(recorded: Recorded, path: str) -> None:
    body = recorded(path)
    batch = arxiv.parse(body, TODAY)
    assert not batch.rejected
    for record, text in zip(batch, texts(body), strict=True):
        assert_whole(record.abstract, without_header(text))
    assert {(str(record.day), record.announce_type) for record in batch} <= {
        ("2025-08-20", "new"),
        ("2025-08-20", "cross"),
    }
    assert all(record.key.startswith("arxiv:25") and record.authors and record.categories for record in batch)


@pytest.mark.parametrize("path", FEEDS)
def test_it_reads_any_feed_without_loss(recorded: Recorded, path: str) -> None:
    body = recorded(path)
    batch = feed.parse(body, dt.date(2026, 11, 1))
    assert not batch.rejected
    for record, text in zip(batch, texts(body), strict=True):
        assert_whole(record.abstract, text)
    assert all(record.title and record.key and record.day for record in batch)


@pytest.mark.parametrize("path", OF_HTML)
def test_it_reads_a_feed_of_html_as_text(recorded: Recorded, path: str) -> None:
    batch = feed.parse(recorded(path), TODAY)
    assert not batch.rejected
    for record in batch:
        assert len(record.abstract) > 500
        assert not {"<p", "</", "<img", "<style", "&nbsp;", "&amp;", "{ ", "function("} & set(record.abstract.split())
        assert "</" not in record.abstract


def test_it_knows_the_papers_of_others_lists_by_arxivs_numbers(recorded: Recorded) -> None:
    batch = feed.parse(recorded("other/hf_daily_feedgen_rss_2026-04-30.xml"), TODAY)
    assert all(record.key.startswith("arxiv:") for record in batch)


def test_it_finds_the_doi_of_a_preprint(recorded: Recorded) -> None:
    [record] = feed.parse(recorded("other/biorxiv_rdf_bioengineering_2019.xml"), TODAY)
    assert (record.key, record.url) == ("doi:10.1101/857789", "http://biorxiv.org/cgi/content/short/857789v1")
    assert record.categories == ("Bioengineering",)
    assert len(record.abstract) > 500


@pytest.mark.parametrize("path", ["arxiv/rss_weekend_empty.xml", "arxiv/api_id_0000.0000_notfound.xml"])
def test_it_finds_nothing_in_an_empty_feed(recorded: Recorded, path: str) -> None:
    assert len(arxiv.parse(recorded(path), TODAY)) == len(feed.parse(recorded(path), TODAY)) == 0


@pytest.mark.parametrize(
    "path", ["other/pubmed_efetch.xml", "other/biorxiv_api_details_2026-09-07_cancer_biology_2of18.json"]
)
def test_it_refuses_what_is_no_feed(recorded: Recorded, path: str) -> None:
    with pytest.raises(SourceError, match=r"^not a feed: it begins “"):
        feed.parse(recorded(path), TODAY)
