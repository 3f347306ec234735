"""Suggestions of topics, phrases and authors."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from digest.models import Edition, Paper, PaperAlias
from digest.papers.deduplication import fingerprint
from digest.search import citation_parser, topic_suggestions
from digest.search.topic_suggestions import suggest
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY

LONG = "Agents with an Episodic Memory of Long Conversations"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recent() -> None:
    Topic.objects.create(slug="agents", name="Agents", group="A", description="That act", phrases=["agents"])
    Topic.objects.create(slug="secret", name="Secret", group="A", phrases=["agents"], is_offered=False)
    Topic.objects.create(slug="speech", name="Speech", group="B", phrases=["speech recognition"])
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    for number, title in enumerate(
        ["Agents with an Episodic Memory of Long Conversations", "Episodic Memory for Agents", "Whale Songs"], 1
    ):
        authors = ["Ada Lovelace", f"Author {number}"]
        Paper.objects.create(
            key=f"arxiv:2608.{number:05}",
            title=title,
            url=f"https://arxiv.org/abs/2608.{number:05}",
            authors=authors,
            edition=edition,
            fingerprint=fingerprint(title, authors),
        )


def names(offers: Any) -> list[str]:
    return [offer.name for offer in offers]


def test_it_suggests_topics_phrases_and_authors_with_what_led_to_each() -> None:
    found = suggest("2608.00001 and https://arxiv.org/abs/2608.00002v3")
    (agents,) = found.topics
    assert (agents.value, agents.is_ticked, agents.description) == ("agents", True, "That act")
    assert len(agents.papers) == 2
    assert names(found.words) == ["Episodic Memory", "Ada Lovelace"]
    assert [len(offer.papers) for offer in found.words] == [2, 2]
    assert found.words[1].value == "author:Ada Lovelace"


def test_it_works_from_titles_and_abstracts_of_papers_that_we_do_not_have() -> None:
    found = suggest("@misc{a, title={A Paper of Elsewhere}, abstract={On speech recognition.}, eprint={1901.00001}}")
    assert names(found.topics) == ["Speech"]
    assert found.unknown == ()


def test_it_ticks_no_more_than_three_topics_that_half_of_the_papers_share() -> None:
    for number in range(5):
        Topic.objects.create(slug=f"t{number}", name=f"Topic {number}", group="G", phrases=["speech recognition"])
    titles = ("Speech Recognition", "More Speech Recognition", "Cooking at Home")
    paste = "\n".join(f"@misc{{p{number}, title={{{title}}}}}" for number, title in enumerate(titles))
    found = suggest(paste)
    assert len(found.topics) > 3
    assert sum(offer.is_ticked for offer in found.topics) == 3
    assert not any(
        offer.is_ticked for offer in suggest(f"{paste}\n@misc{{d, title={{A}}}}\n@misc{{e, title={{B}}}}").topics
    )


@pytest.mark.parametrize(
    ("phrase", "tells"),
    [
        ("behavior", False), ("decision-making", False), ("End-to-End", False), ("Long-Horizon", False),
        ("GRPO", True), ("MLLMs", True), ("LLM agents", True), ("episodic memory", True),
    ],
)  # fmt: skip
def test_it_offers_no_word_that_stands_anywhere(phrase: str, tells: bool) -> None:
    assert topic_suggestions._is_specific(phrase) == tells


def test_it_names_what_is_unknown() -> None:
    found = suggest("1901.00001\n@misc{knuth84}\n2608.00001")
    assert found.unknown == ("knuth84", "1901.00001")
    assert len(found.papers) == 1


def test_it_knows_a_paper_by_another_key_and_by_its_title() -> None:
    PaperAlias.objects.create(key="doi:10.1000/whales", paper=Paper.objects.get(title="Whale Songs"))
    text = f"doi:10.1000/WHALES\n@misc{{a, title={{{LONG.lower()}}}, author={{Lovelace, Ada}}}}"
    assert all(isinstance(paper, Paper) for paper in suggest(text).papers)
    assert len(suggest(text).papers) == 2


@pytest.mark.parametrize(
    "pasted", ["Episodic Memory for Agents", "episodic memory, for agents!", "  Episodic-memory for agents"]
)
def test_it_knows_a_paper_by_its_title_alone_where_no_other_has_it(pasted: str) -> None:
    paper = Paper.objects.get(title="Episodic Memory for Agents")
    assert suggest(pasted).papers == (paper,)
    Paper.objects.create(key="arxiv:2608.00009", title=paper.title, url="https://arxiv.org/abs/2608.00009")
    assert not isinstance(suggest(pasted).papers[0], Paper)


def test_it_counts_a_paper_once_however_often_it_is_pasted() -> None:
    entry = f"@misc{{a, title={{{LONG}}}, author={{Ada Lovelace}}}}"
    assert len(suggest(f"2608.00001\n{entry}").papers) == 1


def test_it_suggests_no_hidden_paper_and_no_phrase_that_brings_nothing() -> None:
    assert names(suggest("2608.00003").words) == []
    Paper.objects.update(is_hidden=True)
    assert suggest("2608.00001").unknown == ("2608.00001",)


def test_it_suggests_what_brings_papers_like_one() -> None:
    found = topic_suggestions.suggest_like(Paper.objects.get(pk=Paper.objects.earliest("pk").pk))
    assert (names(found.topics), names(found.words)) == (["Agents"], ["Episodic Memory"])


# The page


def test_it_opens_with_an_empty_box(client: Client) -> None:
    page = client.get("/suggest/").content.decode()
    assert "<textarea" in page
    assert 'id="found"' not in page


def test_it_leads_from_a_paste_to_the_sign_up_form(client: Client) -> None:
    response = Client(enforce_csrf_checks=True).post("/suggest/", {"papers": "2608.00001, 2608.00002, 1901.00001"})
    page = response.content.decode()
    assert not response.cookies
    assert 'name="topics" value="agents" checked' in page
    assert 'name="words" value="author:Ada Lovelace">' in page
    assert "Because of 2 papers" in page
    assert "1901.00001" in page.partition('id="found"')[2]
    taken = client.get("/suggest/take/", {"topics": ["agents"], "words": ["Episodic Memory", "author:Ada Lovelace"]})
    form = client.get(taken["Location"]).content.decode()
    assert 'value="agents" checked' in form
    assert ">Episodic Memory, author:Ada Lovelace</textarea>" in form


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("  ", "Paste at least one paper"),
        ("hello", "We found no paper in that text"),
        ("On Something Else Entirely", "No topic matches these papers"),
        ("\n".join(f"1901.{n:05}" for n in range(150)), "these suggestions are from what came first"),
        ("x" * (citation_parser.LONGEST + 1), "100 papers or 200,000 characters"),
        ("<script>alert(1)</script> is a title", "&lt;script&gt;"),
    ],
)
def test_it_says_what_came_of_it(client: Client, pasted: str, said: str) -> None:
    page = client.post("/suggest/", {"papers": pasted}).content.decode()
    assert said in page
    assert "<script>alert" not in page


def upload(client: Client, body: bytes, name: str = "library.bib", papers: str = "") -> str:
    file = SimpleUploadedFile(name, body)
    return client.post("/suggest/", {"papers": papers, "file": file}).content.decode()


def test_it_reads_an_uploaded_file_and_the_box(client: Client) -> None:
    page = upload(client, b"@misc{a, title={A Paper of Elsewhere}, eprint={2608.00001}}", papers="2608.00002")
    assert "Because of 2 papers" in page


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"%PDF-1.7", "That is a PDF"),
        (b"PK\x03\x04", "Save your list as plain text"),
        (b"a\x00b", "That file is not text"),
        (b" ", "That file is empty"),
        (b"x" * (2 * 2**20 + 1), "larger than 2 MB"),
    ],
)
def test_it_says_what_is_wrong_with_a_file_and_what_to_do(client: Client, body: bytes, said: str) -> None:
    page = upload(client, body, papers="2608.00001")
    assert said in page
    assert 'role="alert"' in page
    assert ">2608.00001</textarea>" in page


def test_it_leads_from_a_paper_to_what_brings_more_like_it(client: Client) -> None:
    link = "/suggest/?like=arxiv:2608.00001"
    assert f'href="{link}"' in client.get("/papers/arxiv:2608.00001/").content.decode().replace("%3A", ":")
    page = client.get(link).content.decode()
    assert 'name="topics" value="agents" checked' in page
    assert client.get("/suggest/?like=nonsense").status_code == 404
    assert client.get("/suggest/?like=%00").status_code == 404
    plain = Paper.objects.create(key="x:1", title="Zyx", url="https://example.org/1")
    assert client.get(f"/suggest/?like={plain.key}")["Location"] == "/subscribe/?words=about%3A+Zyx"
