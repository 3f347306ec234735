"""The names of what a reader follows, as confirmations and pages show them."""

import pytest

from subscriptions.models import TopicFilter
from subscriptions.readers import choice


@pytest.mark.parametrize(
    "words",
    [
        "world models",
        "author:Yann LeCun",
        "cat:cs.CL",
        "votes:20",
        "about: how an assistant can remember",
        "ignore:mobile",
        "-survey",
        "robots, -author:Ada Lovelace",
    ],
)
def test_it_names_words_that_no_one_could_take_for_a_link(words: str) -> None:
    assert choice.names_of([TopicFilter(words=words)]) == [f"“{words}”"]


@pytest.mark.parametrize(
    "words",
    [
        "evil.example",
        "win at evil.example",
        "author:evil.example",
        "ignore:evil.example",
        "a@b.example",
        "+49 30 123456",
    ],
)
def test_it_names_no_words_that_could_be_a_link_an_address_or_a_number(words: str) -> None:
    assert choice.names_of([TopicFilter(words=words)]) == ["your own words"]
