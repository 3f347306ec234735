"""The distinctive features of a paper."""

from types import SimpleNamespace
from typing import Any

import pytest

from digest.personalization.distinctive_features import (
    MAX_WEIGHTS,
    distinctive,
    features,
    rarity_among,
    similarity,
)


def paper(title: str, **fields: Any) -> Any:
    values = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **values)


def always(feature: str) -> float:
    return 1.0


def test_features_are_words_pairs_authors_and_categories() -> None:
    fields = {"keywords": ["recall"], "authors": ["Ada Lovelace"], "categories": ["cs.AI"]}
    assert set(features(paper("Memories", abstract="whale songs for it", **fields))) == {
        "word:memory", "word:whale", "word:song", "word:whale song", "word:recall",
        "author:Ada Lovelace", "category:cs.AI",
    }  # fmt: skip


def test_titles_count_more_than_abstracts_and_middle_authors_do_not_count() -> None:
    weights = distinctive(paper("Memory", abstract="Recall", authors=["Ada", "Grace", "Alan"]), always)
    assert weights["word:memory"] > weights["word:recall"] == weights["author:Ada"] == weights["author:Alan"]
    assert "author:Grace" not in weights


def test_common_features_have_small_weights() -> None:
    week = [*(paper(f"Deep Sea {n}") for n in range(199)), paper("Deep Memory")]
    weights = distinctive(paper("Deep Memory"), rarity_among(week))
    assert "word:deep" not in weights
    assert weights["word:memory"] == pytest.approx(0.29, abs=0.01)
    assert rarity_among([])("word:memory") == 1
    assert rarity_among(week[:2])("word:deep") > 0.7


def test_there_are_few_of_them() -> None:
    title = " ".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200))
    assert len(distinctive(paper(title), always)) == MAX_WEIGHTS


def test_papers_that_share_them_are_similar() -> None:
    weights = distinctive(paper("Agents with Memory"), always)
    assert similarity(weights, paper("Memory of Agents")) > similarity(weights, paper("Memory")) > 0
    assert similarity(weights, paper("Cooking")) == 0
