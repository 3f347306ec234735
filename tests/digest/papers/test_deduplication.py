"""One work is one paper, although its sources may use different keys."""

from typing import Any

import pytest
from django.test import Client

from digest import papers
from digest.editions import publication
from digest.models import Listing, Paper, PaperAlias, Source
from digest.papers.deduplication import fingerprint
from digest.sources.records import PaperRecord
from tests.conftest import NOW, TODAY, make_record

TITLE = "Reinforcement Learning of Sorting Algorithms"


@pytest.fixture
def journal(db: None) -> Source:
    return Source.objects.create(kind="feed", key="https://example.org/feed.xml", name="A journal")


def published(key: str, title: str = TITLE, **fields: Any) -> PaperRecord:
    values: dict[str, Any] = {"authors": ("Ada Lovelace",), "day": TODAY} | fields
    return PaperRecord(key=key, title=title, url="https://example.org/a", **values)


@pytest.mark.parametrize(
    "twin",
    [
        published("doi:10.1234/abc", "Another Title Altogether, Long Enough", doi="10.1234/ABC"),
        published("doi:10.1234/abc", "Another Title Altogether, Long Enough"),
        published("link:1", "Reinforcement learning of sorting algorithms."),
        published("link:1", "Reinforcement-Learning of Sorting  Algorithms", authors=("Lovelace, A.",)),
    ],
)
@pytest.mark.parametrize("arxiv_first", [True, False])
def test_it_makes_one_paper_of_one_work(
    hugging_face: Source, journal: Source, twin: PaperRecord, arxiv_first: bool
) -> None:
    steps = [(hugging_face, make_record("2608.00001", TITLE, doi="10.1234/abc")), (journal, twin)]
    for source, record in steps if arxiv_first else reversed(steps):
        papers.ingest(source, [record], TODAY)
    paper = Paper.objects.get()
    # arXiv's key is the best known, so it becomes the paper's key, and the other one an alias.
    assert (paper.key, paper.url) == ("arxiv:2608.00001", "https://arxiv.org/abs/2608.00001")
    assert PaperAlias.objects.get().key == twin.key
    assert Listing.objects.count() == 2
    for source, record in steps:
        done = papers.ingest(source, [record], TODAY)
        assert (done.new, done.changed, done.unchanged) == (0, 0, 1)


def test_duplicates_in_one_answer_are_one_paper(journal: Source) -> None:
    done = papers.ingest(journal, [published("link:1"), published("doi:10.1234/abc")], TODAY)
    assert (done.new, Paper.objects.count(), Listing.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    "other",
    [
        published("link:2", "Reinforcement Learning of Searching Algorithms"),
        published("link:2", authors=("Alan Turing",)),
        published("link:2", authors=()),
        published("link:2"),  # a new work each week under the same title
    ],
)
def test_it_keeps_different_works_apart(journal: Source, other: PaperRecord) -> None:
    papers.ingest(journal, [published("link:1"), other], TODAY)
    assert Paper.objects.count() == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (published("arxiv:2608.00001"), published("arxiv:2608.00002")),
        (published("doi:10.1234/abc"), published("doi:10.1234/xyz")),
        (published("arxiv:2608.00001", doi="10.1234/abc"), published("link:1", doi="10.1234/xyz")),
    ],
)
def test_ids_count_more_than_titles(journal: Source, one: PaperRecord, other: PaperRecord) -> None:
    papers.ingest(journal, [one, other], TODAY)
    assert Paper.objects.count() == 2


def test_it_loses_nothing_of_two_records_of_one_paper(hugging_face: Source, journal: Source) -> None:
    papers.ingest(hugging_face, [make_record("2608.00001", TITLE, doi="10.1234/abc")], TODAY)
    twins = [published("doi:10.1234/abc", votes=5), published("link:1", doi="10.1234/abc", comments=7)]
    for _ in range(2):
        papers.ingest(journal, twins, TODAY)
    paper = Paper.objects.get()
    assert (paper.votes, paper.comments) == (5, 7)


def test_short_titles_identify_no_work() -> None:
    assert fingerprint("Editorial", ["Ada Lovelace"]) == ""
    assert fingerprint(TITLE, []) == ""


def test_it_keeps_the_strongest_announcement(db: None) -> None:
    sources = [Source.objects.create(kind="arxiv", key=f"cs.{key}", name=key) for key in ("XX", "YY", "ZZ")]
    for source, kind in zip(sources, ("cross", "new", "cross"), strict=True):
        record = make_record("2608.00001", TITLE, announce_type=kind, categories=(source.key,))
        papers.ingest(source, [record], TODAY)
    assert Paper.objects.get().announce_type == "new"
    assert [listing.announce_type for listing in Listing.objects.order_by("pk")] == ["cross", "new", "cross"]


def test_an_old_url_redirects_to_the_paper(client: Client, journal: Source, hugging_face: Source) -> None:
    papers.ingest(journal, [published("link:1")], TODAY)
    papers.ingest(hugging_face, [make_record("2608.00001", TITLE)], TODAY)
    answer = client.get("/papers/link:1/")
    assert (answer.status_code, answer["Location"]) == (301, "/papers/arxiv:2608.00001/")


def test_it_enriches_papers_and_remembers_that_it_asked(hugging_face: Source) -> None:
    for number in (1, 2):
        papers.ingest(hugging_face, [make_record(f"2608.0000{number}", f"{TITLE} {number}")], TODAY)
    told = make_record("2608.00001", "The Exact Title", categories=("cs.AI",), comment="12 pages", day=None)
    keys = ["arxiv:2608.00001", "arxiv:2608.00002", "arxiv:2608.00003"]
    assert papers.enrich(keys, [told], now=NOW) == 1
    first, second = Paper.objects.order_by("pk")
    assert (first.title, first.categories, first.comment) == ("The Exact Title", ["cs.AI"], "12 pages")
    assert first.enriched_at == second.enriched_at == NOW
    assert Listing.objects.count() == 2


def test_it_merges_a_duplicate_when_its_doi_becomes_known(hugging_face: Source, journal: Source) -> None:
    """The journal's paper was sent before the preprint was known to be the same work."""
    papers.ingest(journal, [published("doi:10.1234/abc", "A Title of the Journal's Own")], TODAY)
    publication.publish(TODAY, now=NOW)
    papers.ingest(hugging_face, [make_record("2608.00001", TITLE, votes=9)], TODAY)
    assert Paper.objects.count() == 2
    told = make_record("2608.00001", TITLE, doi="10.1234/ABC", categories=("cs.AI",), day=None)
    papers.enrich(["arxiv:2608.00001"], [told], now=NOW)
    paper = Paper.objects.get()
    assert (paper.title, paper.votes, paper.edition is None) == ("A Title of the Journal's Own", 9, False)
    assert Listing.objects.count() == 2
    done = papers.ingest(hugging_face, [make_record("2608.00001", TITLE, votes=9)], TODAY)
    assert (done.new, Paper.objects.count()) == (0, 1)


def test_two_published_duplicates_both_stay(hugging_face: Source, journal: Source) -> None:
    papers.ingest(journal, [published("doi:10.1234/abc", "A Title of the Journal's Own")], TODAY)
    papers.ingest(hugging_face, [make_record("2608.00001", TITLE)], TODAY)
    publication.publish(TODAY, now=NOW)
    told = make_record("2608.00001", TITLE, doi="10.1234/abc", categories=("cs.AI",), day=None)
    papers.enrich(["arxiv:2608.00001"], [told], now=NOW)
    assert Paper.objects.count() == 2
