"""Hints for a search that found nothing."""

from typing import Any

import pytest

from digest.models import Edition, Paper
from digest.search.paper_search import search
from digest.search.zero_results import SearchHint, hints
from tests.conftest import NOW, TODAY

pytestmark = pytest.mark.django_db


def add(title: str, **fields: Any) -> None:
    key = f"arxiv:2608.{Paper.objects.count() + 1:05}"
    Paper.objects.create(key=key, title=title, url="https://example.org/", **fields)


@pytest.fixture(autouse=True)
def papers() -> None:
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    add("World Models", authors=["Lei Wang"], categories=["cs.CV"], votes=5, edition=edition)
    add("Long Ago", authors=["Ada Lovelace"], categories=["math.CO"])


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("Lei Wang", SearchHint("author", "Lei Wang", ("author:Lei Wang",))),
        ('"Wang, Lei"', SearchHint("author", "Wang, Lei", ('author:"Wang, Lei"',))),
        ("Ada Lovelace", SearchHint("author", "Ada Lovelace", ("author:Ada Lovelace",))),
        ("math.CO", SearchHint("category", "math.CO", ("cat:math.CO",))),
        ("world modls", SearchHint("no_phrase", "world modls", ("world models", "world"))),
        ('"wrold"', SearchHint("no_phrase", "wrold", ("world",))),
        ("author:Lei Wnag", SearchHint("no_author", "Lei Wnag", ("author:Lei Wang",))),
        ("author:Alan Turing", SearchHint("no_author", "Alan Turing")),
        ("world models, -models", SearchHint("narrowed")),
        ("author:Lei Wang, votes:6", SearchHint("narrowed")),
        ("votes:5, -world", SearchHint("narrowed")),
        ("votes:6", SearchHint("no_votes", "6", most=5)),
    ],
)
def test_it_says_what_would_find_something(query: str, hint: SearchHint) -> None:
    assert not search(query).matches
    assert hints(query) == (hint,)
    assert all(search(instead).matches for instead in hint.instead)


@pytest.mark.parametrize("query", ["archaeopteryx", "cat:q-bio.*", "about: the tides of the sea"])
def test_it_has_nothing_to_say_of_what_is_written_well(query: str) -> None:
    assert hints(query) == ()


def test_it_speaks_of_three_terms_at_most() -> None:
    assert [hint.about for hint in hints("wrold, modls, wolrd, worl")] == ["wrold", "modls", "wolrd"]


def test_it_names_nothing_hidden() -> None:
    Paper.objects.update(is_hidden=True)
    assert not [query for query in ("Lei Wang", "world modls", "math.CO") if hints(query)]
    assert hints("author:Lei Wnag") == (SearchHint("no_author", "Lei Wnag"),)
    assert hints("votes:5") == (SearchHint("no_votes", "5", most=0),)
