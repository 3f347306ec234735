"""The strict reading of a query: likely mistakes are refused, with advice."""

import time
from unittest.mock import patch

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from digest.models import Paper
from subscriptions.models import TopicFilter
from subscriptions.query import validation
from subscriptions.query.grammar import FilterError, parse
from subscriptions.security.link_tokens import Purpose
from tests.conftest import make_reader
from tests.subscriptions.conftest import path_of

OR_NOT = "write a comma for OR and a minus for NOT, like"
IN_QUOTES = "put it in quotes."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("author:Yann LeCun cat:cs.CL", "missing before “cat:cs.CL”. Write it like author:Yann LeCun, cat:cs.CL."),
        ("diffusion models votes:5", "missing before “votes:5”. Write it like diffusion models, votes:5."),
        ("diffusion models about: it", "missing before “about: it”. Write it like diffusion models, about: it."),
        ("cat:cs.CL  Cat : cs.LG", "missing before “Cat : cs.LG”. Write it like cat:cs.CL, Cat : cs.LG."),
        ("author：Ada cat：cs.CL", "Write it like author:Ada, cat:cs.CL."),
        ("-survey votes:5", "Write it like -survey, votes:5."),
        ("votes:20 votes:30", "“votes:” can appear once in a filter, but is there 2 times. Keep one of them."),
        ('author:"LeCun, Yann" cat:cs.CL', "A comma is missing after “author:\"LeCun, Yann\"”."),
        ('"chain of thought" agents', 'A comma is missing after “"chain of thought"”.'),
        ("about: a, about: b", "“about: b” would be part of it. Write both as one sentence, or one of them"),
        ("about: how it learns, votes:5", 'Put it in quotes, like about:"how it learns", votes:5.'),
        ("about: how it learns cat:cs.CL", 'like about:"how it learns", cat:cs.CL.'),
        ("about: how it learns; -survey", 'like about:"how it learns", -survey.'),
        ("agents OR memory", f"“agents OR memory”: {OR_NOT} agents, memory."),
        ("author:Ada OR author:Alan", f"{OR_NOT} author:Ada, author:Alan."),
        ("NOT agents", f"{OR_NOT} -agents."),
        ("rag, agents AND NOT surveys", f"“agents AND NOT surveys”: {OR_NOT} agents, -surveys."),
        ("agents AND votes:5", f"{OR_NOT} agents, votes:5."),
        ("agents AND memory", "There is no AND; for both write a sentence, like about: agents and memory."),
        ("agents AND cat:cs.CL", "There is no AND; for both write a sentence, like about: memory for agents."),
        ("rag, agents AND -surveys", f"“agents AND -surveys”: {OR_NOT} agents, -surveys."),
        ("author:Ada AND NOT -surveys", f"{OR_NOT} author:Ada, -surveys."),
        ("AND agents", "There is no AND; for both write a sentence, like about: memory for agents."),
        ("rag, AND agents", "“AND agents”: a comma asks for either."),
        ("OR agents", f"“OR agents”: {OR_NOT} agents."),
        ("rag, OR agents OR memory", f"{OR_NOT} agents, memory."),
        ("AND NOT agents", f"{OR_NOT} -agents."),
        ("agents OR NOT surveys", f"{OR_NOT} agents, -surveys."),
        ("author:Wang, Lei", '“author:Wang, Lei”: a name with a comma goes in quotes, like author:"Wang, Lei".'),
        ("rag, Author: LeCun , Y. A., agents", 'like author:"LeCun, Y. A.".'),
        ("author:Ponce, Jean-Pierre", "If “Jean-Pierre” is a phrase, put it in quotes."),
        ("cat:nlp", "“cat:nlp” is not an arXiv category. Write it like cat:cs.CL, or cat:cs.* for all of cs."),
        ("rag, cat: foo.CL", "“cat: foo.CL” is not an arXiv category."),
        ("diffusion*", "“diffusion*”: write whole words, without a star. Plurals are found anyway."),
    ],
)  # fmt: skip
def test_it_says_how_to_write_what_is_meant(text: str, said: str) -> None:
    with pytest.raises(FilterError) as caught:
        validation.read(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["agents OR memory", "agents AND memory", "NOT agents", "diffus*", "Pallas cat: it"])
def test_it_takes_all_of_it_as_a_phrase_in_quotes_and_says_so(text: str) -> None:
    with pytest.raises(FilterError, match=IN_QUOTES):
        validation.read(text)
    assert validation.read(f'"{text}"').quoted == (text,)


@pytest.mark.parametrize("text", ["author:Ada cat:cs.CL", "-survey votes:5", "votes:3 votes:4", '"a" b'])
def test_it_speaks_of_no_phrase_where_there_is_none(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        validation.read(text)
    assert IN_QUOTES not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "C*-algebras",
        "author:Wang, agents",
        "author:Wang, RAG",
        "author:Lei Wang, Diffusion",
        "author:Wang, World Models",
        "author:Wang\nDiffusion",
        'author:Wang, "Lei"',
        "cat:CS.CL, cat:hep-th, cat:q-bio.*, cat:physics",
        "A* search",
        "RRT* planning",
        "cat:cs.*",
        "AND-OR trees",
        "logical AND",
        "agents and memory, not agents, this or that",
        "about: Schrödinger's cat: a study, and what AND means",
        "about: agents -survey",
        "about: agents AND -survey",
        '"agents AND", -survey',
        'about:"one, about: two"',
        "LLM: a survey",
        "author:Ada -survey, votes:5",
        'cat:cs.CL; author:"LeCun, Yann"\nabout: what they know',
        "",
    ],
)
def test_it_accepts_what_is_meant_as_typed(text: str) -> None:
    assert validation.read(text) == parse(text)


def test_it_names_all_that_is_wrong_each_once() -> None:
    with pytest.raises(FilterError) as caught:
        validation.read("agents votes:5, rag OR memory, cat:?, author:, this OR that")
    said = str(caught.value)
    assert all(text in said for text in ("before “votes:5”", "“rag OR memory”", "“cat:?”", "“author:”"))
    assert said.count(IN_QUOTES) == 1


@given(
    st.lists(st.sampled_from(["agents", " ", " ", ",", "votes:5", "about:", "AND", "OR", "NOT", "*", '"', "-", "\n"]))
)
def test_it_takes_nothing_that_could_not_be_read_from_then_on(parts: list[str]) -> None:
    text = "".join(parts)
    try:
        read = validation.read(text)
    except FilterError:
        return
    assert read == parse(text)


@pytest.mark.parametrize("text", ["a" + " " * 1990 + "votes:5", "a AND " * 330 + "b", "about: " + ", " * 900 + "-b"])
def test_it_reads_awkward_text_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(FilterError):
        validation.read(text)
    assert time.perf_counter() - began < 0.5


def test_the_form_says_it(client: Client, db: None) -> None:
    page = client.post("/subscribe/", {"email": "ada@example.org", "words": "agents OR memory"}).content.decode()
    assert "agents, memory." in page


def test_the_search_and_the_api_say_it(client: Client, db: None) -> None:
    page = client.get("/search", {"q": "diffusion models votes:5"}, follow=True).content.decode()
    assert "A comma is missing" in page
    answer = client.get("/api/papers/", {"q": "diffusion models votes:5"})
    assert answer.status_code == 400
    assert "A comma is missing" in answer.json()["error"]


def test_a_feed_with_such_words_goes_on_where_they_find_something(client: Client, db: None) -> None:
    title = "Mistakes: diffusion models AND agents"
    Paper.objects.create(key="arxiv:2608.00001", title=title, url="https://example.org/")
    assert client.get("/feeds/search.atom", {"q": "diffusion models AND agents"}).status_code == 200
    answer = client.get("/feeds/search.atom", {"q": "diffus*"})
    assert answer.status_code == 400
    assert "without a star" in answer.content.decode()
    assert client.get("/feeds/search.atom", {"q": "submarines"}).status_code == 200


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(("words", "hour"), [("agents  OR memory\r\nrag", 9), ("agents OR memories\r\nrag", 7)])
def test_who_has_saved_such_words_may_keep_them(visitor: Client, db: None, words: str, hour: int) -> None:
    reader = make_reader("ada@example.org", words="agents OR memory\nrag")
    assert reader.filters.get().criteria.phrases == ("agents OR memory", "rag")
    visitor.post(path_of(Purpose.PREFERENCES, reader), {"words": words, "send_hour": "9", "frequency": "daily"})
    reader.refresh_from_db()
    assert reader.send_hour == hour
    assert "OR memory" in TopicFilter.objects.get().words


def test_it_counts_terms_before_it_looks_for_names_among_them() -> None:
    with (
        patch.object(validation, "_whole_name", side_effect=AssertionError),
        pytest.raises(FilterError, match="100 terms"),
    ):
        validation.read("author:Wang, Lei, " * 50)
