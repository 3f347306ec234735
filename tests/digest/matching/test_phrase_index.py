"""The phrase index: all ways to look up a phrase find the same."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.matching import phrase_index
from digest.matching.phrase_index import PhraseIndex
from digest.matching.tokens import key_of

WORDS = [
    "agent",
    "agents",
    "Office",
    "OfficeBench",
    "pre-training",
    "pre",
    "training",
    "pretraining",
    "RAG",
    "a",
    "ß½x",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def paper(title: str, abstract: str) -> Any:
    return SimpleNamespace(title=title, abstract=abstract, keywords=("RAG agents",))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.lists(TEXTS, min_size=1, max_size=6))
def test_one_pass_finds_the_same_as_single_lookups(texts: list[tuple[str, str]], phrases: list[str]) -> None:
    scanning, located, indexed = (PhraseIndex([paper(*text) for text in texts]) for _ in range(3))
    located.locate(frozenset(map(key_of, filter(None, phrases))) - {""})
    with pytest.MonkeyPatch.context() as patch:
        found = [scanning.find(phrase) for phrase in phrases if phrase]
        patch.setattr(phrase_index, "_MAX_SCANS", 0)
        assert [located.find(phrase) for phrase in phrases if phrase] == found
        assert [indexed.find(phrase) for phrase in phrases if phrase] == found
