"""The pages of authors."""

import pytest
from django.test import Client

from digest import papers
from digest.models import Edition, Paper, Source
from digest.search import similar_papers
from digest.site import authors
from tests.conftest import TODAY, make_record

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def written(hugging_face: Source) -> None:
    by: list[tuple[str, ...]] = [
        ("Łukasz Kaiser", "Ada Lovelace"),
        ("Kaiser, Łukasz", "Ada Lovelace"),
        ("Łukasz Kaiser-Meyer", "Lovelace Łukasz", "Kaiser Wilhelm"),
        ("L. Kaiser",),
    ]
    records = [make_record(f"2608.{number:05}", f"Paper {number}", authors=names) for number, names in enumerate(by)]
    papers.ingest(hugging_face, records, TODAY)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Yann LeCun", "yann-lecun"),
        ("LeCun, Yann", "yann-lecun"),
        ("Bernhard Schölkopf", "bernhard-scholkopf"),
        ("Y. LeCun", "y-lecun"),
        ("Google DeepMind", "google-deepmind"),
        ("李飞飞", "李飞飞"),
        ("…", ""),
    ],
)
def test_it_names_an_author_in_an_address(name: str, key: str) -> None:
    assert authors.key_of(name) == key


@pytest.mark.usefixtures("written")
def test_it_shows_the_papers_of_exactly_this_name(client: Client) -> None:
    page = client.get("/authors/łukasz-kaiser/").content.decode()
    assert "<bdi>Łukasz Kaiser</bdi></h1>" in page
    assert "2 papers" in page
    assert ("Paper 0</a>" in page, "Paper 1</a>" in page, "Paper 2" in page, "Paper 3" in page) == (
        True,
        True,
        False,
        False,
    )
    assert 'Often with <span class="author"><a href="/authors/ada-lovelace/">' in page.replace("\n", " ")


def test_an_only_paper_comes_with_its_authors_and_similar_papers(
    client: Client, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, other = edition.papers.order_by("pk")[:2]
    Paper.objects.filter(pk=memory.pk).update(authors=["Grace Hopper", "Jean Bartik"])
    monkeypatch.setattr(similar_papers, "similar", lambda paper, most: [other] if paper == memory else [])
    page = client.get("/authors/grace-hopper/").content.decode()
    assert 'With <span class="author"><a href="/authors/jean-bartik/">' in page.replace("\n", " ")
    assert other.title in page.partition("Similar papers")[2]


@pytest.mark.usefixtures("written")
def test_it_leads_from_a_name_to_its_page_and_knows_no_others(client: Client) -> None:
    assert client.get("/authors/Ada Lovelace/")["Location"] == "/authors/ada-lovelace/"
    for name in ("nobody", "…", "-", "x" * 500, "a\x00b"):
        assert client.get(f"/authors/{name}/", follow=True).status_code == 404, name


@pytest.mark.usefixtures("written")
def test_it_hides_hidden_papers(client: Client) -> None:
    Paper.objects.filter(title="Paper 0").update(is_hidden=True)
    assert "Paper 0" not in client.get("/authors/łukasz-kaiser/").content.decode()
    Paper.objects.update(is_hidden=True)
    assert client.get("/authors/łukasz-kaiser/").status_code == 404


def test_its_papers_lead_to_it_and_strangers_can_follow(client: Client, edition: Edition) -> None:
    assert 'href="/authors/ada-lovelace/"' in client.get("/papers/arxiv:2608.00001/").content.decode()
    response = client.get("/authors/ada-lovelace/")
    assert "/subscribe/?words=author%3A" in response.content.decode()
    assert not response.cookies
    assert response["Cache-Control"] == "public, no-cache"


def test_it_turns_pages(client: Client, hugging_face: Source) -> None:
    records = [make_record(f"2608.{number:05}", f"Paper {number:02}") for number in range(30)]
    papers.ingest(hugging_face, records, TODAY)
    assert "26–30 of 30" in client.get("/authors/ada-lovelace/?page=2").content.decode()


@pytest.mark.usefixtures("written")
def test_it_stops_reading_at_a_number_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(authors.papers_by("ada-lovelace")) == 2
    monkeypatch.setattr(authors, "MAX_NAMES", 2)
    assert len(authors.papers_by("ada-lovelace")) == 1
