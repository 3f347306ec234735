"""The key sentence of an abstract, chosen by the sentence model."""

from typing import Any

import pytest

from digest.models import Edition, Paper
from digest.personalization import embeddings
from digest.personalization.key_sentences import choose_missing, without_connective
from digest.text.cleanup import sentences
from tests.conftest import NOW

BACKGROUND = "Large language models have recently attracted much attention in many fields of research and industry."
WORK = "We propose a method that trains reward models for language models from the preferences of a few experts."
RESULT = "It improves the accuracy of reward models by 12% on three benchmarks of human preferences."
LINK = "Our code is available at https://example.org/code for everyone who wants to reproduce the experiments."
ABSTRACT = " ".join((BACKGROUND, WORK, RESULT, LINK))


@pytest.fixture(autouse=True)
def meaning(settings: Any) -> Any:
    settings.MATCH_BY_MEANING = True
    embeddings.is_available.cache_clear()
    if not embeddings.is_available():
        pytest.skip("the sentence model is not installed")
    yield
    embeddings.is_available.cache_clear()


def choose(edition: Edition, **fields: str) -> tuple[int, Paper]:
    Paper.objects.update(first_seen_at=NOW, summary="From the source.")
    paper = Paper.objects.order_by("pk")[0]
    Paper.objects.filter(pk=paper.pk).update(**{"summary": "", **fields})
    chosen = choose_missing(now=NOW, seconds=60)
    paper.refresh_from_db()
    return chosen, paper


def test_it_chooses_what_the_authors_did(edition: Edition) -> None:
    chosen, paper = choose(edition, abstract=ABSTRACT)
    assert chosen == 1
    assert paper.take_away.startswith(WORK)
    assert "example.org" not in paper.take_away
    assert paper.take_away_by == "sentence"
    assert choose_missing(now=NOW, seconds=60) == 0


@pytest.mark.parametrize("abstract", ["", "A short abstract is shown whole."])
def test_a_short_abstract_needs_none(edition: Edition, abstract: str) -> None:
    chosen, paper = choose(edition, abstract=abstract)
    assert (chosen, paper.take_away, paper.take_away_by) == (0, "", "sentence")


def test_it_stores_no_embeddings_of_sentences(edition: Edition) -> None:
    choose(edition, abstract=ABSTRACT)
    assert not embeddings.known(sentences(ABSTRACT))


def test_it_splits_sentences_but_not_abbreviations() -> None:
    assert sentences("We use it, e.g. Here. Smith et al. Show it! Is it?") == [
        "We use it, e.g. Here.",
        "Smith et al. Show it!",
        "Is it?",
    ]
    assert sentences("") == []


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("To this end, we introduce a benchmark.", "We introduce a benchmark."),
        ("To address these challenges, we propose a method.", "We propose a method."),
        ("Leveraging this insight, iGPT learns faster.", "iGPT learns faster."),
        ("Building on this, the model learns faster.", "The model learns faster."),
        ("Therefore, a bound follows.", "A bound follows."),
        ("To train robots, we propose a method.", "To train robots, we propose a method."),
        ("Thus far, none is known.", "Thus far, none is known."),
        ("", ""),
    ],
)
def test_it_leaves_out_a_leading_clause_that_points_back(sentence: str, shown: str) -> None:
    assert without_connective(sentence) == shown
