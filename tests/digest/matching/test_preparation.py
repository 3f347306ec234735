"""Matching of many filters' texts at once: it finds what matching one by one finds."""

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.matching import Index, Interest
from digest.matching.assembly import assemble_index, text_of
from digest.matching.corpus import AskedText, EarlierPapers
from digest.matching.expansion import Expansion, ExpansionWord
from digest.matching.similarity import DIMENSIONS, Vectors, unit
from digest.matching.tokens import families_of
from subscriptions.query.grammar import Criteria

WORDS = ("robot arms", "grasping", "memory", "agents that plan", "video", "diffusion", "of", "tactile sensors")
TOPICS = [
    Interest("Robot arms", Criteria(quoted=("robot arms", "grasping")), "Robots that grasp with arms"),
    Interest("Video diffusion", Criteria(quoted=("video diffusion", "diffusion")), "Video made by diffusion"),
]


def paper(number: int, text: str) -> Any:
    values: dict[str, Any] = {"authors": [], "categories": [], "keywords": [], "votes": 0}
    return SimpleNamespace(key=str(number), title=f"{text} {number}", abstract=f"On {text}.", **values)


PAPERS = [paper(number, f"{WORDS[number % 8]} {WORDS[number * 3 % 7]} {WORDS[number * 5 % 8]}") for number in range(24)]


@cache
def embedding(text: str) -> Vectors:
    """Return an embedding that is close to that of texts with the same words."""
    words = [np.random.default_rng(sum(map(ord, word))).normal(size=DIMENSIONS) for word in families_of(text)]
    vector: Vectors = unit(np.sum([np.ones(DIMENSIONS), *words], axis=0).astype(np.float32))
    return vector


def expansion(asked: AskedText) -> Expansion | None:
    text, ignored = asked
    if "video" not in text:
        return None
    return Expansion((ExpansionWord("diffus", 0.5 / (1 + len(ignored)), "diffusion"),), 0.1, embedding(text), 0.1)


def make_index(by_meaning: bool) -> Index:
    earlier = EarlierPapers(expansions=lambda texts: [*map(expansion, texts)])
    if not by_meaning:
        return assemble_index(PAPERS, TOPICS, earlier=earlier)
    texts = [*map(text_of, PAPERS), *(topic.profile for topic in TOPICS)]
    vectors = {text: embedding(text) for text in texts}
    return assemble_index(PAPERS, TOPICS, vectors, look_up=lambda texts: [*map(embedding, texts)], earlier=earlier)


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
filters = st.builds(
    Criteria,
    phrases=st.lists(texts, max_size=2, unique=True).map(tuple),
    sentence=st.just("") | texts,
    ignored=st.sampled_from([(), ("osworld",)]),
).filter(lambda criteria: criteria.wants_something)


@pytest.mark.parametrize("by_meaning", [True, False])
@given(asked=st.lists(filters, min_size=1, max_size=8), amount=st.sampled_from(["fewer", "balanced", "more"]))
def test_filters_find_the_same_together_as_alone(by_meaning: bool, asked: list[Criteria], amount: str) -> None:
    alone, together = make_index(by_meaning), make_index(by_meaning)
    interests = [Interest("Your words", criteria) for criteria in asked]
    together.prepare([*TOPICS, *interests], amount)
    for interest in interests:
        ones, others = alone.findings(interest, amount), together.findings(interest, amount)
        assert list(ones) == list(others)
        for number, found in ones.items():
            # The embeddings are in single precision, and are summed in another order.
            assert found.score == pytest.approx(others[number].score, abs=1e-5)
            assert told(found) == told(others[number])


def told(found: Any) -> list[tuple[Any, ...]]:
    return [(one.interest, one.kind, one.found, one.where) for one in found.reasons]


def test_texts_are_looked_up_together_and_once() -> None:
    looked_up: list[list[AskedText]] = []

    def look_up(texts: Any) -> list[Expansion | None]:
        looked_up.append(list(texts))
        return [*map(expansion, texts)]

    index = assemble_index(PAPERS, TOPICS, earlier=EarlierPapers(expansions=look_up))
    asked = [
        Interest("Your words", Criteria(phrases=(name,))) for name in ("video of agents", "arms that grasp", "memory")
    ]
    index.prepare(asked)
    for interest in asked:
        index.answer(interest)
    assert looked_up == [[("video of agents", ()), ("arms that grasp", ())]]


def test_it_prepares_no_more_texts_than_it_can_keep() -> None:
    index = Index(PAPERS)
    index.corpus.evidence.max_young = 2
    asked = [Interest("Your words", Criteria(phrases=(f"agents that plan {number}",))) for number in range(5)]
    index.prepare(asked)
    kept = [index.corpus.evidence.get((name, name, ())) for one in asked for name in one.criteria.phrases]
    assert [found is not None for found in kept] == [True, True, False, False, False]
