"""The table of examples that forms and docs show."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from subscriptions.query import validation
from subscriptions.query.examples import ABOUT, EXAMPLES, examples

PAGE = Path(__file__).parents[3] / "docs" / "query-language.md"
QUERIES = [query for example in EXAMPLES for query in (example.query, *example.variants.values())]


@pytest.mark.parametrize("query", QUERIES)
def test_every_example_can_be_typed(query: str) -> None:
    assert validation.read(query).wants_something or query.startswith("-")


def test_the_examples_use_everything_that_the_language_has() -> None:
    used = [validation.read(example.query) for example in EXAMPLES]
    assert all(any(getattr(criteria, field) for criteria in used) for field in used[0]._fields)


@pytest.mark.parametrize("query", QUERIES)
def test_the_docs_show_every_example(query: str) -> None:
    shown = query.replace("flow matching", "memory for agents")
    assert f"`{shown}`" in PAGE.read_text()


def test_the_docs_show_examples_that_can_be_typed() -> None:
    table = PAGE.read_text().partition("|---|---|\n")[2].partition("\n\n")[0]
    for row in table.splitlines():
        query = re.match(r"\| `(.*?)`", row)
        assert query
        assert validation.read(query[1])


def test_a_sentence_finds_less_without_embeddings_and_in_a_search() -> None:
    options = [{"by_meaning": True}, {"by_meaning": True, "in_search": True}, {"by_meaning": False}]
    meanings = [next(str(row.meaning) for row in examples(**each) if row.query == ABOUT) for each in options]
    assert len(set(meanings)) == 3


def test_it_marks_other_spellings_as_code_in_the_language_of_the_reader() -> None:
    author = next(example for example in EXAMPLES if example.query.startswith("author:"))
    with translation.override("de"):
        assert author.html.endswith("auch <code>author:&quot;LeCun, Yann&quot;</code>")
