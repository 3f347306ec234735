"""Search over all papers."""

import datetime as dt
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from digest.models import Edition, Paper
from digest.search import fulltext, paper_search
from digest.search.paper_search import search
from subscriptions.query.grammar import FilterError
from tests.conftest import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def add(title: str, **fields: Any) -> Paper:
    number = Paper.objects.count() + 1
    url = f"https://arxiv.org/abs/2608.{number:05}"
    return Paper.objects.create(key=f"arxiv:2608.{number:05}", title=title, url=url, **fields)


def titles(query: str, page: int = 1) -> list[str]:
    return [match.paper.title for match in search(query, page).matches]


@pytest.fixture
def recent() -> None:
    add("Diffusion Models", authors=["Yann LeCun"], categories=["cs.CV"], votes=5)
    add("On Robots", abstract="We use diffusion models.", authors=["Yoshua Bengio"], categories=["cs.RO"], votes=30)
    add("A Survey of Diffusion Models", authors=["Y. LeCun"], categories=["stat.ML"])
    add("A wet rag", abstract="Nothing to see.")
    add("RAG at Work", keywords=["retrieval"])
    add("Hidden Diffusion Models", is_hidden=True)


@pytest.mark.usefixtures("recent")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("diffusion model", {"Diffusion Models", "On Robots", "A Survey of Diffusion Models"}),
        ('"diffusion models"', {"Diffusion Models", "On Robots", "A Survey of Diffusion Models"}),
        ("diffusion models, -surveys", {"Diffusion Models", "On Robots"}),
        ("author:Yann LeCun", {"Diffusion Models", "A Survey of Diffusion Models"}),
        ("author:LeCun, cat:cs.RO", {"Diffusion Models", "A Survey of Diffusion Models", "On Robots"}),
        ("cat:cs.*", {"Diffusion Models", "On Robots"}),
        ("cat:cs.*, -robots", {"Diffusion Models"}),
        ("RAG", {"RAG at Work"}),
        ("diffusion models, votes:5", {"Diffusion Models", "On Robots"}),
        ("votes:20", {"On Robots"}),
        ("submarines", set()),
    ],
)
def test_it_finds_what_the_mail_would(query: str, found: set[str]) -> None:
    assert set(titles(query)) == found


@pytest.mark.usefixtures("recent")
def test_it_ranks_as_the_mail_does_and_says_why() -> None:
    first, *_, last = search("diffusion models").matches
    assert (first.paper.title, last.paper.title) != ("On Robots", "Diffusion Models")
    assert last.paper.title == "On Robots"
    assert (last.reasons[0].found, last.reasons[0].where) == ("diffusion models", "abstract")


@pytest.mark.usefixtures("recent")
def test_it_ranks_by_votes_or_day_if_asked() -> None:
    assert [match.paper.votes for match in search("diffusion models", order="votes").matches] == [30, 5, 0]
    for day in (TODAY, TODAY - dt.timedelta(days=1)):
        Edition.objects.create(day=day, published_at=NOW)
    Paper.objects.filter(title="On Robots").update(edition=Edition.objects.get(day=TODAY - dt.timedelta(days=1)))
    Paper.objects.filter(title__contains="Survey").update(edition=Edition.objects.get(day=TODAY))
    newest = [match.paper.title for match in search("diffusion models", order="newest").matches]
    assert newest == ["Diffusion Models", "A Survey of Diffusion Models", "On Robots"]  # the first has no edition yet


@pytest.mark.usefixtures("recent")
def test_it_counts_what_it_found() -> None:
    found = search("diffusion models")
    assert (found.total, found.is_all, found.has_more) == (3, True, False)


def test_it_finds_the_old_and_exact_among_many_that_are_new_and_loose() -> None:
    add("The Chain of Thought")
    for number in range(paper_search.CANDIDATES + 20):
        add(f"Thought {number}", abstract=f"Of a chain, and of a thought, {number}.")
    assert titles('"chain of thought"') == ["The Chain of Thought"]
    assert titles("chain of thought")[0] == "The Chain of Thought"


def test_it_gives_a_rare_term_its_place_beside_a_common_one() -> None:
    add("Submarines")
    for number in range(paper_search.CANDIDATES + 20):
        add(f"Agents {number}")
    assert "Submarines" in {title for page in range(1, 16) for title in titles("agents, submarines", page)}


def test_it_turns_pages_until_the_end() -> None:
    for number in range(45):
        add(f"Agents {number}")
    pages = [search("agents", page) for page in (1, 2, 3, 4)]
    assert [(len(page.matches), page.has_more) for page in pages] == [(20, True), (20, True), (5, False), (0, False)]
    assert len({match.paper.key for page in pages for match in page.matches}) == 45


def all_of(query: str) -> list[Any]:
    return [match for page in range(1, paper_search.LAST_PAGE + 1) for match in search(query, page).matches]


def test_it_ranks_by_score_from_page_to_page() -> None:
    for number in range(paper_search.TOGETHER):
        add(f"Work {number}", abstract="Of many things. " * (number % 7) + "We use agents. " * (1 + number % 3))
    scores = [match.score for match in all_of("agents")]
    assert len(scores) == paper_search.TOGETHER
    assert len(set(scores)) > 2
    assert scores == sorted(scores, reverse=True)


def test_it_ranks_all_by_score_where_the_likeliest_fill_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_search, "TOGETHER", 10)
    for number in range(30):
        add(f"Work {number}", abstract="We use agents. " * (1 if number >= 20 else 3))  # the newest mention it once
    scores = [match.score for match in all_of("agents")]
    assert len(scores) == 30
    assert len(set(scores)) > 1
    assert scores == sorted(scores, reverse=True)


def test_it_neither_repeats_nor_loses_papers_beyond_those_ranked_together() -> None:
    for number in range(paper_search.TOGETHER + 45):
        add(f"Agents {number}" if number % 2 else f"Work {number}", abstract="We use agents.")
    keys = [match.paper.key for match in all_of("agents")]
    assert len(keys) == len(set(keys)) == paper_search.TOGETHER + 45


@pytest.mark.parametrize("query", ['"open', "", "  ", "-surveys", "cat:nonsense!"])
def test_it_refuses_what_cannot_be_read_or_asks_for_nothing(query: str) -> None:
    with pytest.raises(FilterError):
        search(query)


@pytest.mark.usefixtures("recent")
def test_it_takes_fifty_terms(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(120):
        assert "Diffusion Models" in titles(", ".join(["diffusion models", *(f"word{n}" for n in range(49))]))


@pytest.mark.usefixtures("recent")
def test_it_looks_for_no_more_candidates_once_the_budget_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1_000))
    monkeypatch.setattr(paper_search, "_clock", lambda: next(ticks))
    monkeypatch.setattr(paper_search, "BUDGETS", {"sqlite": 5, "postgresql": 5})
    with patch.object(fulltext, "find", wraps=fulltext.find) as find:
        assert "Diffusion Models" in titles(", ".join(["diffusion models", *(f"word{n}" for n in range(49))]))
    assert find.call_count <= 5


@pytest.mark.usefixtures("recent")
def test_it_asks_the_database_for_a_few_exclusions_and_judges_by_all() -> None:
    others = ", ".join(f"-word{number} one two three" for number in range(40))
    with patch.object(fulltext, "find", wraps=fulltext.find) as find:
        assert "Diffusion Models" not in titles(f"diffusion models, {others}, -diffusion")
    assert max(len(call.kwargs["without"]) for call in find.call_args_list) == paper_search.MAX_EXCLUSIONS


# The API


def ask(client: Client, status: int = 200, **given: str) -> Any:
    response = client.get("/api/papers/", given)
    assert response.status_code == status
    assert not response.cookies
    assert response["Access-Control-Allow-Origin"] == "*"
    return response.json()


@pytest.mark.usefixtures("recent")
def test_it_answers_programs(client: Client) -> None:
    Paper.objects.filter(title="On Robots").update(
        edition=Edition.objects.create(day=TODAY, published_at="2026-08-20T16:00Z")
    )
    answer = ask(client, q="diffusion models, -survey")
    assert (answer["query"], answer["page"], answer["next"]) == ("diffusion models, -survey", 1, None)
    paper = answer["papers"][-1]
    assert paper["title"] == "On Robots"
    assert (paper["id"], paper["edition"], paper["votes"]) == ("arxiv:2608.00002", "2026-08-20", 30)
    assert paper["page"] == "https://papers.example.org/papers/arxiv:2608.00002/"
    assert {"kind": "phrase", "found": "diffusion models", "where": "abstract"} in paper["reasons"]


def test_it_links_the_next_page(client: Client) -> None:
    for number in range(21):
        add(f"Agents & more {number}")
    answer = ask(client, q="agents & more")
    assert answer["next"] == "https://papers.example.org/api/papers/?q=agents+%26+more&page=2"
    assert len(ask(client, q="agents & more", page="2")["papers"]) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"q": '"open'}, "quotes must open and close"),
        ({}, "Write what to look for"),
        ({"q": "-survey"}, "A minus alone finds nothing."),
        ({"q": "agents", "page": "0"}, "is not a page"),
        ({"q": "agents", "page": "x"}, "is not a page"),
        ({"q": "agents", "page": "9" * 5000}, "is not a page"),
        ({"q": "agents", "page": "000000001" + "0" * 4500}, "is not a page"),
        ({"q": "agents", "page": "000000001234"}, "is not a page"),
        ({"q": "agents", "page": "16"}, "is not a page"),
        ({"q": "a" * 500}, "longer than"),
        ({"q": "a" * 5000}, "at most 2000 characters"),
        ({"q": "\x00"}, "no word"),
    ],
)
def test_it_tells_programs_what_is_wrong(client: Client, given: dict[str, str], said: str) -> None:
    assert said in ask(client, 400, **given)["error"]


def test_it_lets_caches_keep_answers(client: Client) -> None:
    assert client.get("/api/papers/", {"q": "agents"})["Cache-Control"] == "public, max-age=300"
    assert client.post("/api/papers/", {"q": "agents"}).status_code == 405


def test_it_tells_programs_the_same_in_whatever_language_they_ask(client: Client) -> None:
    german = client.get("/api/papers/", headers={"Accept-Language": "de"})
    assert german.json() == ask(client, 400)
    assert german["Content-Language"] == "en"
    assert client.get("/de/api/papers/").status_code == 404
