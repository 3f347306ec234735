"""The search page."""

import datetime as dt
import html
import re
from unittest.mock import patch

import pytest
from django.test import Client

from digest.models import Edition, Paper
from digest.papers import topic_assignment
from digest.search import paper_search
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.usefixtures("edition", "learning")


def found(client: Client, query: str, **more: str) -> str:
    response = client.get("/search", {"q": query, **more})
    assert response.status_code == 200
    assert not response.cookies
    return response.content.decode()


def test_it_finds_papers_and_says_why(client: Client) -> None:
    page = found(client, "reinforcement learning")
    assert "<mark>Reinforcement Learning</mark> at Scale" in page
    assert 'class="why"' not in page  # the marked words are reason enough
    assert "Faster Diffusion" not in page
    assert 'value="reinforcement learning"' in page


def test_it_says_in_a_few_words_why_if_no_word_shows_it(client: Client) -> None:
    assert re.search(r'class="why"[^>]*>By .?Ada Lovelace', found(client, "author:Lovelace"))


def test_it_marks_each_word_of_the_query_in_titles_whatever_its_form(client: Client) -> None:
    paper = Paper.objects.get(title="Faster Diffusion")
    Paper.objects.filter(pk=paper.pk).update(title="Faster Models of Text Diffusion")
    assert "Faster <mark>Models</mark> of Text <mark>Diffusion</mark>" in found(client, "diffusion model")


def test_it_speaks_the_grammar_of_the_form(client: Client) -> None:
    assert "at Scale" in found(client, "author:Lovelace, -survey")
    assert "A Survey" not in found(client, "author:Lovelace, -survey")


def test_it_leads_to_a_subscription_and_a_feed_of_the_same(client: Client) -> None:
    page = found(client, "diffusion, -survey")
    assert 'href="/subscribe/?words=diffusion%2C%20-survey"' in page
    assert 'href="/feeds/search.atom?q=diffusion%2C%20-survey"' in page
    assert 'name="robots" content="noindex"' in page


def test_it_shows_no_hidden_paper(client: Client) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    assert "Faster Diffusion" not in found(client, "diffusion")


@pytest.mark.usefixtures("now")
def test_it_filters_by_date_and_topic(client: Client, edition: Edition) -> None:
    topic_assignment.assign_topics(edition)
    old = Edition.objects.create(day=TODAY - dt.timedelta(days=20), published_at=NOW)
    Paper.objects.filter(title="Faster Diffusion").update(edition=old)
    query = "diffusion, reinforcement learning"
    both, newer, on_topic = (
        re.sub(r"</?mark>", "", found(client, query, **more))
        for more in ({"since": "month"}, {"since": "week"}, {"topic": "learning"})
    )
    assert "Faster Diffusion" in both
    for page in (newer, on_topic):
        assert "Reinforcement Learning at Scale" in page
        assert "Faster Diffusion" not in page
    assert "&amp;order=votes&amp;since=week" in newer
    assert "Remove this filter" in on_topic
    assert "Nothing found with these filters." in found(client, "video", topic="learning")
    assert "We generate" in found(client, "video", topic="nonsense", since="ever")


def test_it_begins_with_the_popular_topics(client: Client, edition: Edition) -> None:
    topic_assignment.assign_topics(edition)
    assert '<a class="chip-link" href="/topics/learning/">Learning</a>' in client.get("/search").content.decode()


def test_a_name_alone_finds_the_papers_of_the_author(client: Client) -> None:
    response = client.get("/search", {"q": "ada lovelace"}, follow=True)
    assert response.redirect_chain == [("/search?q=author%3Aada+lovelace", 302)]
    assert "at Scale" in response.text
    assert client.get("/search", {"q": "ada lovelace", "since": "week"}).status_code == 200, "a filter stays"


def test_the_field_says_what_is_searched(client: Client) -> None:
    assert 'placeholder="Title, abstract, author"' in client.get("/search").text


def test_it_says_that_an_author_has_no_papers(client: Client) -> None:
    assert "No papers by Grace Hopper." in found(client, "author:Grace Hopper")


def test_it_says_what_to_do_when_nothing_is_found(client: Client) -> None:
    page = found(client, "archaeopteryx")
    assert "No papers on this yet" in page
    assert "/subscribe/?words=archaeopteryx" in page


@pytest.mark.parametrize(
    ("query", "said", "instead"),
    [
        ("Ada Lovelace, zebrafish", "“Ada Lovelace” is an author here:", "author%3AAda%20Lovelace"),
        ("faster difusion", "No papers on “faster difusion”. Similar:", "faster%20diffusion"),
        (
            "author:Ada Lovelcae",
            "No papers by Ada Lovelcae. Similar:",
            "author%3AAda%20Lovelace",
        ),
    ],
)
def test_it_leads_from_nothing_to_what_is_near(client: Client, query: str, said: str, instead: str) -> None:
    page = found(client, query)
    assert said in page
    assert f'<a href="/search?q={instead}">' in page
    assert "No papers on this yet" not in page


@pytest.mark.parametrize("query", ["", "   "])
def test_it_shows_how_to_ask(client: Client, query: str) -> None:
    page = found(client, query)
    assert "Search tips" in page
    assert "papers with the telling words of a sentence" in page
    assert "No papers on this" not in page
    assert "noindex" not in page


@pytest.mark.parametrize("query", ["-only", "cat:", "author:", "votes:many", '"', "x" * 200, "a, " * 60, "x" * 5_000])
def test_it_says_what_is_wrong_with_words(client: Client, query: str) -> None:
    page = found(client, query)
    assert 'role="alert"' in page or "No papers on this" in page
    assert client.get("/feeds/search.atom", {"q": query}).status_code in (200, 400)


@pytest.mark.parametrize("path", ["/search", "/feeds/search.atom", "/api/papers/"])
def test_it_reads_no_search_of_more_than_two_thousand_characters(client: Client, path: str) -> None:
    query = "a, " * 700
    with (
        patch("subscriptions.query.validation.read", side_effect=AssertionError),
        patch("subscriptions.query.grammar.parse", side_effect=AssertionError),
    ):
        response = client.get(path, {"q": query})
    assert "use at most 2000 characters" in response.content.decode()
    assert response.status_code == (200 if path == "/search" else 400)


def test_the_search_page_shows_no_more_of_what_was_typed_than_it_takes(client: Client) -> None:
    assert "x" * 2_002 not in found(client, "x" * 50_000)


@pytest.mark.parametrize("query", ["<script>alert(1)</script>", '"><img src=x>', "\u202e\x00", "' OR 1=1 --", "%", "*"])
def test_it_takes_anything_for_words(client: Client, query: str) -> None:
    page = found(client, query)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert client.get("/feeds/search.atom", {"q": query}).status_code in (200, 400)


@pytest.mark.parametrize("number", ["0", "-1", "2", "x", "99999", "9" * 30, "²"])
def test_it_takes_any_number_of_a_page(client: Client, number: str) -> None:
    assert "Faster <mark>Diffusion</mark>" in found(client, "diffusion", page=number)


def test_it_shows_the_last_page_where_there_are_not_so_many(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_search, "RESULTS_A_PAGE", 1)
    pages = [found(client, "diffusion", page=number) for number in ("1", "2", "9")]
    assert pages[1] == pages[2]
    assert 'rel="next"' in pages[0]
    assert 'rel="next"' not in pages[1]


def test_it_is_found_with_a_slash_at_its_end_too(client: Client) -> None:
    assert client.get("/search/?q=agents")["Location"] == "/search?q=agents"
    assert client.get("/de/search/?q=agents")["Location"] == "/de/search?q=agents"


@pytest.mark.parametrize(
    "query",
    ["{0}", "arXiv:{0}", "arxiv: {0}v2", "https://arxiv.org/abs/{0}v1", "arxiv.org/pdf/{0}",
     " https://huggingface.co/papers/{0} ", "10.48550/arXiv.{0}", "https://doi.org/10.1145/ABC.123",
     "doi:10.1145/abc.123"],
)  # fmt: skip
def test_it_leads_to_the_paper_that_is_named(client: Client, query: str) -> None:
    paper = Paper.objects.get(title="Faster Diffusion")
    Paper.objects.filter(pk=paper.pk).update(doi="10.1145/abc.123")
    response = client.get("/search", {"q": query.format(paper.key.removeprefix("arxiv:"))})
    assert (response.status_code, response["Location"]) == (302, f"/papers/{paper.key}/")


def test_it_says_that_a_named_paper_is_not_here(client: Client) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    hidden = Paper.objects.get(title="Faster Diffusion").key.removeprefix("arxiv:")
    for query in ("1706.03762", f"https://arxiv.org/abs/{hidden}"):
        page = found(client, query)
        assert "is not here: none of our sources has listed it." in page
        assert 'role="alert"' not in page
    assert 'href="https://arxiv.org/abs/1706.03762"' in found(client, "1706.03762")


def test_it_says_how_many_it_found(client: Client) -> None:
    assert "1 paper found" in found(client, "reinforcement learning, -survey")
    for number in range(paper_search.TOGETHER + 1):
        Paper.objects.create(key=f"arxiv:2607.{number:05}", title=f"Submarines {number}", url="https://example.org/")
    assert f"At least {paper_search.TOGETHER} papers found" in found(client, "submarines")
    assert f"{paper_search.TOGETHER + 1} papers found" in found(client, "submarines", order="newest")


def test_it_orders_by_votes_and_by_day(client: Client) -> None:
    page = found(client, "learning, diffusion", order="votes", page="1")
    votes = [paper.votes for title in re.findall(r"<h2[^>]*><a[^>]*>(.*?)</a>", page) for paper in named(title)]
    assert len(votes) > 1
    assert votes == sorted(votes, reverse=True)
    assert 'aria-current="true">Most votes</a>' in page
    assert 'aria-current="true">Best match</a>' in found(client, "diffusion", order="nonsense")


def named(title: str) -> list[Paper]:
    return list(Paper.objects.filter(title=html.unescape(re.sub("</?mark>", "", title))))
