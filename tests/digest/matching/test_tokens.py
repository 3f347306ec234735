"""The tokenizer and the stemmer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.matching.tokens import WORD, fold, key_of, stem


@pytest.mark.parametrize(
    ("phrase", "key"),
    [
        ("pre-training", "pretraining"),
        ("Pre Training", "pretraining"),
        ("reward models", "rewardmodel"),
        ("graphs of words", "graphofword"),
        ("GPT-4", "gpt4"),
        ("Gödel machine", "godelmachine"),
        ("…", ""),
    ],
)
def test_a_phrase_is_looked_up_without_plurals_and_what_stands_between_its_words(phrase: str, key: str) -> None:
    assert key_of(phrase) == key


@given(st.text("aes bE-é٣1_ß", max_size=12) | st.text(max_size=12))
def test_any_phrase_is_looked_up_word_by_word(phrase: str) -> None:
    assert key_of(phrase) == "".join(stem(word) for word in WORD.findall(fold(phrase)))
