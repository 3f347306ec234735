"""The names of what a reader follows, as confirmations and pages show them."""

import pytest

from subscriptions.models import TopicFilter
from subscriptions.readers import follow_names


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("world models", "“world models”"),
        ("author:Yann LeCun", "author “Yann LeCun”"),
        ('author:"Yann LeCun"', "author “Yann LeCun”"),
        ("cat:cs.CL", "category “cs.CL”"),
        ("votes:20", "“votes:20”"),
        ("about: how an assistant can remember", "“how an assistant can remember”"),
        ("ignore:mobile", "“ignore:mobile”"),
    ],
)
def test_it_names_words_that_no_one_could_take_for_a_link(words: str, name: str) -> None:
    assert follow_names.names_of([TopicFilter(words=words)]) == [name]


def test_it_quotes_each_of_several_words() -> None:
    names = follow_names.names_of([TopicFilter(words='agents; "tool use"\n-survey')])
    assert names == ["“agents”", "“tool use”", "not “survey”"]
    assert follow_names.listed(names[:2]) == "“agents” and “tool use”"


def test_it_names_none_of_several_words_if_one_could_be_a_link() -> None:
    assert follow_names.names_of([TopicFilter(words="agents, evil.example")]) == ["your own words"]


def test_it_separates_names_that_contain_and_by_commas() -> None:
    names = ["Agents", "Video generation and editing", "Robotics"]
    assert follow_names.listed(names) == "Agents, Video generation and editing, Robotics"
    assert follow_names.listed(names[1:]) == "Video generation and editing, Robotics"


def test_it_counts_the_words_after_the_first_six() -> None:
    names = follow_names.names_of([TopicFilter(words="a b, c d, e f, g h, i j, k l, m n, o p")])
    assert follow_names.listed(names).endswith("“k l” and 2 more")


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
    assert follow_names.names_of([TopicFilter(words=words)]) == ["your own words"]
