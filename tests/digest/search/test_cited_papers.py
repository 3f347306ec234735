"""Recognition of cited papers."""

from typing import Any

import pytest

from digest.models import Edition, Paper, PaperAlias
from digest.papers.deduplication import fingerprint
from digest.search.cited_papers import UnknownPaper, UnreadCitation, UnreadReason, as_liked, from_liked, read
from subscriptions.readers import liked_papers
from tests.conftest import NOW, TODAY

LONG = "Agents with an Episodic Memory of Long Conversations"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recent() -> None:
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    for number, title in enumerate([LONG, "Episodic Memory for Agents", "Whale Songs"], 1):
        authors = ["Ada Lovelace", f"Author {number}"]
        Paper.objects.create(
            key=f"arxiv:2608.{number:05}",
            title=title,
            url=f"https://arxiv.org/abs/2608.{number:05}",
            authors=authors,
            edition=edition,
            fingerprint=fingerprint(title, authors),
        )


def test_it_names_what_is_unknown() -> None:
    found = read("1901.00001\n@misc{knuth84}\n2608.00001")
    assert found.unread == (
        UnreadCitation("knuth84", UnreadReason.NO_PAPER),
        UnreadCitation("1901.00001", UnreadReason.NO_TITLE, "arxiv:1901.00001"),
    )
    assert len(found.papers) == 1


def test_it_knows_a_paper_by_another_key_and_by_its_title() -> None:
    PaperAlias.objects.create(key="doi:10.1000/whales", paper=Paper.objects.get(title="Whale Songs"))
    text = f"doi:10.1000/WHALES\n@misc{{a, title={{{LONG.lower()}}}, author={{Lovelace, Ada}}}}"
    assert all(isinstance(paper, Paper) for paper in read(text).papers)
    assert len(read(text).papers) == 2


@pytest.mark.parametrize(
    "pasted", ["Episodic Memory for Agents", "episodic memory, for agents!", "  Episodic-memory for agents"]
)
def test_it_knows_a_paper_by_its_title_alone_where_no_other_has_it(pasted: str) -> None:
    paper = Paper.objects.get(title="Episodic Memory for Agents")
    assert read(pasted).papers == (paper,)
    Paper.objects.create(key="arxiv:2608.00009", title=paper.title, url="https://arxiv.org/abs/2608.00009")
    assert not isinstance(read(pasted).papers[0], Paper)


def test_it_counts_a_paper_once_however_often_it_is_pasted() -> None:
    entry = f"@misc{{a, title={{{LONG}}}, author={{Ada Lovelace}}}}"
    assert len(read(f"2608.00001\n{entry}").papers) == 1


def test_papers_survive_the_way_through_a_form() -> None:
    papers = read(
        f"2608.00001\n@misc{{a, title={{Elsewhere}}, abstract={{{'word ' * 1000}}}, author={{Ada and Eve}}}}"
    ).papers
    assert from_liked(liked_papers.unpack(liked_papers.pack(as_liked(papers)))) == list(papers)
    (unknown,) = [paper for paper in papers if isinstance(paper, UnknownPaper)]
    assert (len(unknown.abstract), unknown.authors) == (1000, ("Ada", "Eve"))


def test_a_paper_that_was_hidden_meanwhile_keeps_its_title() -> None:
    liked = as_liked(read("2608.00001").papers)
    Paper.objects.update(is_hidden=True)
    assert [paper.title for paper in from_liked(liked)] == [LONG]
    assert not isinstance(from_liked(liked)[0], Paper)


def test_a_changed_list_is_refused() -> None:
    packed = liked_papers.pack(as_liked(read("2608.00001").papers))
    with pytest.raises(liked_papers.DamagedListError):
        liked_papers.unpack(packed[:-1])
    assert liked_papers.unpack("") == ()


def test_titles_are_looked_up_in_the_same_few_queries_however_many_are_pasted(
    django_assert_max_num_queries: Any,
) -> None:
    """A query for each title would cost seconds in a large archive."""
    titles = [paper.title for paper in Paper.objects.all()]
    with django_assert_max_num_queries(5):
        found = read("\n".join([*(f"A title of another paper {number}" for number in range(95)), *titles]))
    assert sum(isinstance(paper, Paper) for paper in found.papers) == 2  # “Whale Songs” is too short for a title
