"""Insert or update papers, any number of times and from any number of sources."""

import datetime as dt
from typing import Any

import pytest

from digest import papers
from digest.editions import publication
from digest.models import Edition, Listing, Paper, Source
from digest.models.papers import title_key
from digest.papers import IngestResult
from digest.papers.upsert import CHUNK
from digest.sources.records import PaperRecord
from tests.conftest import NOW, TODAY, make_record

pytestmark = pytest.mark.both_databases
YESTERDAY = TODAY - dt.timedelta(days=1)
TOMORROW = TODAY + dt.timedelta(days=1)
FULL = {
    "categories": ("cs.CL", "cs.LG"),
    "keywords": ("agents",),
    "published_on": YESTERDAY,
    "doi": "10.1234/x",
    "thumbnail_url": "https://example.org/1.png",
    "figure_url": "https://example.org/figure.png",
    "github_url": "https://github.com/example/x",
    "github_stars": 3,
    "project_url": "https://example.org/x",
    "organization": "Symmetry",
    "summary": "In short.",
    "votes": 5,
    "comments": 2,
    "submitter": "AK",
}


@pytest.fixture
def arxiv(db: None) -> Source:
    return Source.objects.get(kind=Source.Kind.ARXIV, key="cs.CL")


@pytest.fixture
def blog(db: None) -> Source:
    return Source.objects.create(kind=Source.Kind.FEED, key="https://example.org/feed", name="A Blog")


def rows() -> list[list[Any]]:
    """Return everything that is stored, without the ids of listings."""
    return [
        list(Paper.objects.order_by("pk").values()),
        list(Listing.objects.order_by("paper", "source", "day").values()),
    ]


def from_arxiv(title: str = "As the Authors Wrote It", **fields: Any) -> PaperRecord:
    return make_record("2608.00001", title, **{"categories": ("cs.CL",), "announce_type": "new"} | fields)


def from_hugging_face(title: str = "as somebody copied it", **fields: Any) -> PaperRecord:
    return make_record("2608.00001", title, **{"votes": 7, "keywords": ("agents",)} | fields)


def stored() -> Paper:
    return Paper.objects.get()


def test_it_stores_all_that_a_record_says(hugging_face: Source) -> None:
    assert papers.ingest(hugging_face, [make_record("2608.00001", "A Title", **FULL)], TODAY) == IngestResult(new=1)
    paper, listing = stored(), Listing.objects.get()
    assert (paper.title, paper.abstract, paper.authors) == (
        "A Title",
        "About A Title.",
        ["Ada Lovelace", "Alan Turing"],
    )
    for name, value in FULL.items():
        where = listing if name == "submitter" else paper
        assert getattr(where, name) == (list(value) if isinstance(value, tuple) else value), name
    assert (listing.paper, listing.source, listing.day, listing.votes) == (paper, hugging_face, TODAY, 5)


def test_it_changes_nothing_in_a_second_run(hugging_face: Source) -> None:
    records = [
        make_record("2608.00001", "One", **FULL),
        make_record("2608.00002", "Two"),
        make_record("2608.00003", "3"),
    ]
    papers.ingest(hugging_face, records, TODAY)
    before = rows()
    assert papers.ingest(hugging_face, records, TODAY) == IngestResult(unchanged=3)
    assert rows() == before


def test_it_counts_what_is_new_and_what_has_changed(hugging_face: Source) -> None:
    one, two = make_record("2608.00001", "One"), make_record("2608.00002", "Two")
    papers.ingest(hugging_face, [one, two], TODAY)
    done = papers.ingest(
        hugging_face, [one, make_record("2608.00002", "Two", votes=1), make_record("2608.00003", "Three")], TODAY
    )
    assert done == IngestResult(new=1, changed=1, unchanged=1)


def test_it_lets_votes_and_comments_grow_and_never_shrink(hugging_face: Source) -> None:
    for votes, comments in [(5, 1), (9, 0), (3, 4)]:
        papers.ingest(hugging_face, [from_hugging_face(votes=votes, comments=comments)], TODAY)
    assert (stored().votes, stored().comments) == (9, 4)


def test_it_keeps_values_that_a_later_answer_leaves_out(hugging_face: Source) -> None:
    papers.ingest(hugging_face, [make_record("2608.00001", "A Title", **FULL)], TODAY)
    bare = PaperRecord(key="arxiv:2608.00001", title="A Title", url="https://arxiv.org/abs/2608.00001", day=TODAY)
    assert papers.ingest(hugging_face, [bare], TODAY) == IngestResult(unchanged=1)
    assert (stored().summary, stored().github_stars, stored().abstract) == ("In short.", 3, "About A Title.")


def test_it_keeps_one_paper_of_two_sources(hugging_face: Source, arxiv: Source) -> None:
    assert papers.ingest(hugging_face, [from_hugging_face()], TODAY).new == 1
    assert papers.ingest(arxiv, [from_arxiv()], TODAY) == IngestResult(changed=1)
    assert set(stored().listings.values_list("source__kind", "announce_type", "votes")) == {
        ("huggingface", "", 7),
        ("arxiv", "new", 0),
    }


@pytest.mark.parametrize("order", ["arXiv first", "Hugging Face first"])
def test_arxiv_decides_on_the_authors_texts(hugging_face: Source, arxiv: Source, order: str) -> None:
    turns = [(hugging_face, from_hugging_face()), (arxiv, from_arxiv())]
    for source, record in turns if order == "Hugging Face first" else reversed(turns):
        papers.ingest(source, [record], TODAY)
    paper = stored()
    assert (paper.title, paper.abstract) == ("As the Authors Wrote It", "About As the Authors Wrote It.")
    assert (paper.categories, paper.keywords, paper.votes) == (["cs.CL"], ["agents"], 7)


def test_sources_in_any_order_give_the_same_paper(hugging_face: Source, arxiv: Source, blog: Source) -> None:
    other_category = Source.objects.get(kind=Source.Kind.ARXIV, key="cs.LG")
    turns = [
        (blog, make_record("2608.00001", "A blog's words", abstract="Hype.", published_on=TODAY)),
        (hugging_face, from_hugging_face(published_on=YESTERDAY)),
        (arxiv, from_arxiv()),
        (other_category, from_arxiv(categories=("cs.LG", "cs.CL"), announce_type="cross")),
    ]
    for source, record in turns:
        papers.ingest(source, [record], TODAY)
    before = rows()
    for source, record in turns * 2:
        assert papers.ingest(source, [record], TODAY) == IngestResult(unchanged=1), source
    assert rows() == before
    assert stored().title == "As the Authors Wrote It"


def test_the_first_of_two_records_with_one_key_counts(hugging_face: Source) -> None:
    done = papers.ingest(hugging_face, [from_hugging_face("First"), from_hugging_face("Second")], TODAY)
    assert done == IngestResult(new=1)
    assert stored().title == "First"


def test_it_keeps_the_order_of_the_answer(hugging_face: Source) -> None:
    papers.ingest(hugging_face, [make_record(f"2608.0000{n}", str(n)) for n in (3, 1, 2, 3)], TODAY)
    assert list(Paper.objects.order_by("pk").values_list("title", flat=True)) == ["3", "1", "2"]


def test_it_takes_more_papers_than_a_statement_holds(hugging_face: Source) -> None:
    records = [make_record(f"2608.{n:05}", f"Paper {n}") for n in range(CHUNK + 7)]
    assert papers.ingest(hugging_face, records, TODAY) == IngestResult(new=CHUNK + 7)
    assert papers.ingest(hugging_face, records, TODAY) == IngestResult(unchanged=CHUNK + 7)
    assert Listing.objects.count() == CHUNK + 7


def test_it_lists_a_paper_on_every_day_that_it_was_shown(hugging_face: Source) -> None:
    papers.ingest(hugging_face, [from_hugging_face(day=YESTERDAY)], YESTERDAY)
    assert papers.ingest(hugging_face, [from_hugging_face()], TODAY) == IngestResult(unchanged=1)
    assert list(Listing.objects.order_by("day").values_list("day", flat=True)) == [YESTERDAY, TODAY]


def test_it_lists_an_undated_entry_only_on_the_day_when_it_was_first_seen(blog: Source) -> None:
    entry = PaperRecord(key="link:1", title="A Post", url="https://example.org/1")
    for day in (TODAY, TOMORROW):
        papers.ingest(blog, [entry], day)
    assert list(Listing.objects.values_list("day", flat=True)) == [TODAY]


def test_it_lists_an_undated_entry_at_each_source_that_has_it(blog: Source) -> None:
    entry = PaperRecord(key="link:1", title="A Post", url="https://example.org/1")
    planet = Source.objects.create(kind=Source.Kind.FEED, key="https://planet.example.org/feed", name="A Planet")
    papers.ingest(blog, [entry], YESTERDAY)
    papers.ingest(planet, [entry], TODAY)
    assert set(Listing.objects.values_list("source__name", "day")) == {("A Blog", YESTERDAY), ("A Planet", TODAY)}


def test_it_does_not_change_edition_pin_or_votes_at_publication(hugging_face: Source) -> None:
    papers.ingest(hugging_face, [from_hugging_face(votes=3)], TODAY)
    edition = publication.publish(TODAY, now=NOW).edition
    Paper.objects.update(is_pinned=True, is_hidden=True)
    papers.ingest(hugging_face, [from_hugging_face("Another Title", votes=40)], TOMORROW)
    paper = stored()
    assert (paper.edition, paper.edition_votes, paper.is_pinned, paper.is_hidden) == (edition, 3, True, True)
    assert paper.votes == 40


def test_no_records_change_nothing(hugging_face: Source) -> None:
    assert papers.ingest(hugging_face, [], TODAY) == IngestResult()
    assert not Edition.objects.exists()


def test_a_changed_title_changes_the_key_by_which_it_is_found(arxiv: Source, blog: Source) -> None:
    papers.ingest(blog, [from_hugging_face("Pre-Print")], TODAY)
    papers.ingest(arxiv, [from_arxiv("As the Authors Wrote It")], TODAY)
    assert Paper.objects.get().title_key == title_key("As the Authors Wrote It")
