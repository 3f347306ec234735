"""The database's full-text search."""

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.matching import Index, Interest, match
from digest.models import Paper
from digest.search import fulltext
from digest.search.fulltext import SearchTerm, postgresql, search_terms
from subscriptions.query.grammar import Criteria
from tests.examples import examples

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def add(title: str, **fields: Any) -> Paper:
    number = Paper.objects.count() + 1
    return Paper.objects.create(key=f"link:{number}", title=title, url="https://example.org", **fields)


def found(asks: list[SearchTerm], **options: Any) -> list[str]:
    titles = dict(Paper.objects.values_list("pk", "title"))
    return [titles[pk] for pk in fulltext.find(asks, **{"without": []} | options)]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("reward model", "Reward Models for All"),
        ("reward models", "A reward model"),
        ("pre-training", "On pretraining"),
        ("pretraining", "On pre-training"),
        ("pre training", "Pre-Training again"),
        ("state space model", "State-space models"),
        ("state-space models", "A statespace model"),
        ("strategy", "Two strategies"),
        ("Gödel machine", "The Godel machine"),
        ("Godel machine", "The Gödel machine"),
        ("mixture of experts", "Mixture-of-Experts"),
        ("LLM", "LLMs everywhere"),
        ("LLMs", "An LLM"),
        ("GPT-4o", "With GPT 4o"),
        ("multi-agent", "Multiagent systems"),
        ("vision/language", "Of vision-language models"),
        ("Schrödinger bridge", "Schrödinger Bridges"),
        ("chain of thought", "The Chain-of-Thought"),
        ("3.5", "GPT-3.5 again"),
        ("c++", "In C++ only"),
        ("R^3-Bench", "R³-Bench"),
        ("R3-Bench", "R³-Bench"),
        ("UniF2ace", "UniF²ace"),
        ("人工智能", "论 人工智能"),
    ],
)
def test_it_misses_no_phrase_that_matching_finds(phrase: str, text: str) -> None:
    paper = add(text)
    add("Something else", abstract=text)
    assert match(Index([paper]), [Interest("", Criteria(phrases=(phrase,)))])
    assert found(search_terms.phrase(phrase, "row", "title") + search_terms.apart(phrase, "title")) == [text]
    assert len(found(search_terms.phrase(phrase, "row", "text") + search_terms.apart(phrase, "text"))) == 2
    assert found(search_terms.phrase(phrase, "all", "title") + search_terms.apart(phrase, "title")) == [text]


def test_it_tells_words_in_a_row_from_words_anywhere() -> None:
    add("Models of Reward")
    assert found(search_terms.phrase("reward models", "row", "title")) == []
    assert found(search_terms.phrase("reward models", "all", "title")) == ["Models of Reward"]


def test_it_finds_keywords_with_the_title() -> None:
    add("x", keywords=["chain of thought"])
    assert found(search_terms.phrase("chain of thought", "row", "title")) == ["x"]


@pytest.mark.parametrize(
    "name", ["Yann LeCun", "lecun", "Y. LeCun", "LeCun, Yann", "Jurgen Schmidhuber", "Jürgen Schmidhuber"]
)
def test_it_finds_authors_however_they_are_written(name: str) -> None:
    add("x", authors=["Yann LeCun", "Jürgen Schmidhuber"])
    add("y", authors=["Y. LeCun", "J. Schmidhuber"])
    add("z", authors=["Grace Hopper"], abstract="LeCun Schmidhuber")
    assert found(search_terms.author(name)) == ["y", "x"]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Lukasz Kaiser", "Łukasz Kaiser"),
        ("Łukasz Kaiser", "Łukasz Kaiser"),
        ("Łukasz Kaiser", "Lukasz Kaiser"),
        ("Łukasz Kaiser", "L. Kaiser"),
        ("Dang Van Muoi", "Đặng Văn Mười"),
        ("Soren Kierkegaard", "Søren Kierkegaard"),
        ("Schoelkopf", "Bernhard Schölkopf"),
    ],
)
def test_it_finds_authors_without_their_letters(typed: str, name: str) -> None:
    add("x", authors=[name])
    add("y", authors=["Bernhard Kaiser"])
    assert found(search_terms.author(typed)) == ["x"]


def test_it_asks_for_no_more_spellings_than_a_database_can_look_up() -> None:
    assert len(search_terms.author(f"{'ld' * 25} {'aeoe' * 12}")) < 100


@pytest.mark.parametrize(
    ("pattern", "titles"),
    [("cs.CL", ["a"]), ("cs.*", ["b", "a"]), ("CS", ["b", "a"]), ("q-bio.*", ["c"]), ("math", ["d"]), ("cs.C", [])],
)
def test_it_finds_categories_and_all_below_them(pattern: str, titles: list[str]) -> None:
    for title, category in (("a", "cs.CL"), ("b", "cs.LG"), ("c", "q-bio.NC"), ("d", "math")):
        add(title, categories=[category])
    assert found(search_terms.category(pattern)) == titles


def test_it_finds_two_of_a_sentences_words() -> None:
    add("Assistants that remember")
    add("Assistants")
    assert found(search_terms.sentence("how an assistant can remember its user")) == ["Assistants that remember"]


def test_it_leaves_out_what_is_excluded_hidden_or_has_too_few_votes() -> None:
    add("Agents", votes=9)
    add("Agents: a Survey", votes=9)
    add("Agents unseen", votes=9, is_hidden=True)
    add("Agents unloved", votes=1)
    agents, surveys = search_terms.phrase("agents", "row", "text"), search_terms.phrase("surveys", "row", "text")
    assert found(agents, without=surveys, min_votes=5) == ["Agents"]


def test_it_gives_the_newest_first_up_to_the_limit() -> None:
    for number in range(5):
        add(f"Agents {number}")
    assert found(search_terms.phrase("agents", "row", "title"), limit=2) == ["Agents 4", "Agents 3"]


@pytest.mark.parametrize("nothing", ["", "…", "-", '"'])
def test_it_finds_nothing_for_no_words(nothing: str) -> None:
    add("x")
    assert found(search_terms.phrase(nothing, "row", "text")) == []
    assert found(search_terms.author(nothing)) == []
    assert found(search_terms.sentence(nothing)) == []


@pytest.mark.parametrize("hostile", ["NEAR(a, b)", "a* OR b", 'x" OR "y', "title: a", "'; DROP", "a & !b | c <-> :*"])
def test_it_takes_operators_for_words(hostile: str) -> None:
    add("x")
    for asks in (
        search_terms.phrase(hostile, "all", "text"),
        search_terms.author(hostile),
        search_terms.sentence(hostile),
    ):
        assert found(asks) == []


@given(st.text(max_size=30))
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_survives_any_text(text: str) -> None:
    for asks in (search_terms.phrase(text, "row", "text"), search_terms.author(text), search_terms.sentence(text)):
        found(asks, without=search_terms.phrase(text[:5], "row", "text"))


def test_it_reads_long_texts_as_far_as_it_can() -> None:
    add("Long", abstract=f"beginning {' '.join(f'word{number}' for number in range(200_000))}", authors=["A" * 5_000])
    assert found(search_terms.phrase("beginning", "row", "text")) == ["Long"]


def test_it_keeps_in_step_with_the_papers() -> None:
    paper = add("Agents", authors=["Ada Lovelace"])
    Paper.objects.filter(pk=paper.pk).update(title="Robots", authors=["Alan Turing"], votes=3)
    assert found(search_terms.phrase("agents", "row", "text")) == []
    assert found(search_terms.author("Lovelace")) == []
    assert found(search_terms.phrase("robots", "row", "text")) == found(search_terms.author("Turing")) == ["Robots"]
    Paper.objects.all().delete()
    assert fulltext.find(search_terms.phrase("robots", "row", "text"), without=[]) == []


def test_it_mends_what_a_migration_took_away() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL loses nothing")
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER digest_paper_words_added")
    add("Agents")
    assert found(search_terms.phrase("agents", "row", "text")) == []
    fulltext.ensure(connection)
    assert found(search_terms.phrase("agents", "row", "text")) == ["Agents"]
    add("More Agents")
    assert len(found(search_terms.phrase("agents", "row", "text"))) == 2


@pytest.mark.services  # SQLite always uses its index
@pytest.mark.parametrize("often", [0, 101])
def test_reading_and_the_index_find_the_same(often: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OFTEN", "OFTEN_IN_A_ROW"):
        monkeypatch.setattr(postgresql, name, often)
    for number in range(9):
        add(f"Agents that plan {number}", votes=number, abstract="A survey" if number % 2 else "Plan agents")
    row, words = (search_terms.phrase("agents plan", kind, "text") for kind in ("row", "all"))
    surveys = search_terms.phrase("survey", "row", "text")
    assert found(words, limit=3) == [f"Agents that plan {number}" for number in (8, 7, 6)]
    assert found(search_terms.phrase("plan agents", "row", "text"), limit=2, min_votes=1, without=surveys) == [
        f"Agents that plan {number}" for number in (8, 6)
    ]
    assert found(row) == []


@pytest.mark.services
def test_it_reads_the_newest_only_where_many_of_them_hold_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MAX_SCANNED": 2, "SAMPLE": 2, "OFTEN": 100}.items():
        monkeypatch.setattr(postgresql, name, value)
    add("A rare word")
    for number in range(3):
        add(f"Frequent {number}", votes=5 - number)
    rare, frequent = (search_terms.phrase(word, "all", "text") for word in ("rare", "frequent"))
    assert found(rare) == ["A rare word"]
    assert found(frequent) == ["Frequent 2", "Frequent 1"]  # both papers that are read match, so a scan seems enough
    assert found(frequent, min_votes=4) == ["Frequent 1", "Frequent 0"]
