"""Matching papers, and the reasons for each match."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.matching import Index, Interest, Match, fold, match, same_person, stem
from subscriptions.query.grammar import Criteria


def paper(title: str = "", **fields: Any) -> Any:
    given_fields = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **given_fields)


def matches(papers: list[Any], exclusions: tuple[str, ...] = (), **criteria: Any) -> list[Match]:
    return match(Index(papers), [Interest("it", Criteria(**criteria))], exclusions)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("reward model", "Reward Models for All"),
        ("reward models", "A reward model"),
        ("pre-training", "On pretraining"),
        ("pretraining", "On pre-training"),
        ("pre training", "Pre-Training again"),
        ("state space model", "State-space models"),
        ("strategy", "Two strategies"),
        ("Gödel machine", "The Godel machine"),
        ("mixture of experts", "Mixture-of-Experts"),
        ("LLM", "LLMs everywhere"),
        ("LLMs", "An LLM"),
        ("rag", "RAG"),
        ("multi-agent", "Multiagent systems"),
        ("a chain of nine short words is found as well", "See: a chain of nine short words is found, as well!"),
        ("efﬁcient", "Efficient agents"),
        ("½ 1⁄2", "½ and 1⁄2: ½ 1⁄2"),
        ("bench", "OfficeBench: work for agents"),
        ("bench", "On VBench"),
        ("office bench", "OfficeBenches"),
        ("officebenches", "OfficeBench"),
        ("OfficeBench", "On office bench"),
        ("SkillsBench", "SkillsBench"),
        ("skillsbench", "SkillsBench"),
        ("VBench", "VBench: video"),
        ("LoRA", "A LoRA"),
        ("arena", "Größe und MédArena"),
    ],
)
def test_it_finds_a_phrase_however_it_is_written(phrase: str, text: str) -> None:
    assert matches([paper(text)], phrases=(phrase,))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("reward model", "Models of reward"),
        ("agent", "Reagents"),
        ("RAG", "A wet rag"),
        ("SAM", "Sam and I"),
        ("VLA", "Of VL, A and B"),
        ("bench", "Benchmarks and workbenches"),
        ("hub", "GitHub"),
        ("VBench", "On V Bench"),
        ("video", ""),
        ("space mod", "state space models"),
        ("end begin", ""),
    ],
)
def test_it_does_not_find_what_is_not_there(phrase: str, text: str) -> None:
    assert not matches([paper(text)], phrases=(phrase,))


def test_it_weighs_the_title_more_than_the_abstract() -> None:
    found = matches([paper("x", abstract="agents, agents"), paper("Agents")], phrases=("agents",))
    assert [m.paper.title for m in found] == ["Agents", "x"]


def test_it_counts_a_keyword() -> None:
    (found,) = matches([paper("x", keywords=["chain of thought"])], phrases=("chain-of-thought",))
    assert found.reasons[0].where == "keywords"


def test_it_takes_any_of_the_phrases_and_gives_every_reason() -> None:
    (found,) = matches([paper("Diffusion", abstract="and agents")], phrases=("agents", "diffusion", "robots"))
    assert [(r.found, r.where) for r in found.reasons] == [("Diffusion", "title"), ("agents", "abstract")]


def test_it_leaves_out_what_the_filter_excludes() -> None:
    papers = [paper("Agents in medicine"), paper("Agents")]
    found = match(Index(papers), [Interest("it", Criteria(phrases=("agents",), exclusions=("medicine",)))])
    assert [m.paper.title for m in found] == ["Agents"]


def test_it_applies_a_readers_exclusions_to_every_interest() -> None:
    index = Index([paper("Agents: a survey"), paper("Robots")])
    interests = [Interest("a", Criteria(phrases=("agents",))), Interest("b", Criteria(phrases=("robots", "survey")))]
    assert [m.paper.title for m in match(index, interests, ["surveys"])] == ["Robots"]


def test_it_keeps_a_topics_exclusions_to_that_topic() -> None:
    index = Index([paper("Agents in medicine")])
    picky = Interest("picky", Criteria(phrases=("agents",), exclusions=("medicine",)))
    (found,) = match(index, [picky, Interest("other", Criteria(phrases=("medicine",)))])
    assert {reason.interest for reason in found.reasons} == {"other"}


def test_it_scores_by_the_best_interest_and_never_by_the_mean() -> None:
    index = Index([paper("Agents"), paper("x", abstract="robots and agents and video")])
    interests = [Interest(p, Criteria(phrases=(p,))) for p in ("agents", "robots", "video")]
    assert match(index, interests)[0].paper.title == "Agents"


def test_it_prefers_the_more_voted_of_two_equal_matches() -> None:
    found = matches([paper("Agents one"), paper("Agents two")], phrases=("agents",))
    assert [m.paper.title for m in found] == ["Agents one", "Agents two"]


def test_it_scores_a_filter_once_however_often_it_is_asked() -> None:
    index = Index([paper("Agents")])
    interest = Interest("it", Criteria(phrases=("agents",)))
    again = Interest("it", Criteria(phrases=("agents",)))
    assert index.answer(interest) is index.answer(again)
    assert index.findings(interest)[0] is index.findings(again)[0]


@pytest.mark.parametrize(
    ("wanted", "name", "same"),
    [
        ("Yann LeCun", "Yann LeCun", True),
        ("lecun", "Yann LeCun", True),
        ("Y. LeCun", "Yann LeCun", True),
        ("Yann LeCun", "Y. LeCun", True),
        ("LeCun, Yann", "Yann LeCun", True),
        ("Jurgen Schmidhuber", "Jürgen Schmidhuber", True),
        ("Lukasz Kaiser", "Łukasz Kaiser", True),
        ("Dang Van Muoi", "Đặng Văn Mười", True),
        ("Soren Kierkegaard", "Søren Kierkegaard", True),
        ("Ørsted", "Hans Orsted", True),
        ("B. Schoelkopf", "Bernhard Schölkopf", True),
        ("Schölkopf", "Bernhard Schoelkopf", True),
        ("Scholkopf", "Bernhard Scho\u0308lkopf", True),
        ("Ann LeCun", "Yann LeCun", False),
        ("Y. Bengio", "Samy Bengio", False),
        ("Yann", "Yann LeCun", False),
        ("van der Maaten", "Laurens van der Maaten", True),
        ("Leal-Taixe", "Laura Leal-Taixé", True),
        ("Leal-Taixé, L.", "Laura Leal-Taixé", True),
        ("van der Berg", "Laurens van der Maaten", False),
        ("Samy LeCun", "LeCun", True),
        ("", "Yann LeCun", False),
        ("…", "Yann LeCun", False),
    ],
)
def test_it_knows_an_author_by_the_ways_a_name_is_written(wanted: str, name: str, same: bool) -> None:
    assert same_person(wanted, name) is same


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Lukasz Kaiser", "Łukasz Kaiser"),
        ("Oersted", "Hans Ørsted"),
        ("Schoelkopf", "Bernhard Schölkopf"),
        ("Schölkopf", "Bernhard Schölkopf"),
    ],
)
def test_it_finds_authors_without_their_letters(wanted: str, name: str) -> None:
    (found,) = matches([paper("x", authors=[name])], authors=(wanted,))
    assert [reason.found for reason in found.reasons] == [name]


def test_it_shows_words_where_they_are_though_a_letter_is_two_before_them() -> None:
    (found,) = matches([paper("Æon and œuvre of Ħal: agents")], phrases=("agents",))
    assert found.reasons[0].found == "agents"
    (found,) = matches([paper("The Æon Flux")], phrases=("aeon flux",))
    assert found.reasons[0].found == "Æon Flux"


def test_it_finds_papers_by_author() -> None:
    (found,) = matches([paper("x", authors=["Ada Lovelace", "Alan Turing"])], authors=("A. Turing",))
    assert (found.reasons[0].kind, found.reasons[0].found) == ("author", "Alan Turing")


@pytest.mark.parametrize("pattern", ["cs.CL", "cs.*", "CS.cl", "cs"])
def test_it_finds_papers_by_category(pattern: str) -> None:
    assert matches([paper("x", categories=["cs.CL"])], categories=(pattern,))


@pytest.mark.parametrize("pattern", ["c", "cs.C", "stat.*", "cs.AI"])
def test_it_finds_no_paper_of_another_category(pattern: str) -> None:
    assert not matches([paper("x", categories=["cs.CL"])], categories=(pattern,))


@pytest.mark.parametrize(
    ("one", "many"),
    [("class", "classes"), ("box", "boxes"), ("policy", "policies"), ("loss", "losses"), ("gan", "gans")],
)
def test_it_stems_both_sides_alike(one: str, many: str) -> None:
    assert stem(one) == stem(many)


def test_it_finds_no_phrase_over_the_end_of_a_text() -> None:
    papers = [paper("One", abstract="two", keywords=["three", "four"]), paper("five")]
    for phrase in ("one two", "two three", "three four", "four five", "onetwo"):
        assert not matches(papers, phrases=(phrase,))


def test_it_shows_the_words_as_the_paper_writes_them() -> None:
    (found,) = matches([paper("On “Pre-Training”, and more")], phrases=("pretraining",))
    assert found.reasons[0].found == "Pre-Training"


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_it_finds_any_word_of_any_text(before: str, word: str, after: str) -> None:
    words = [part for part in re.findall(r"[^\W_]+", fold(word)) if part.isalpha() and part.islower()]
    for part in words:
        (found,) = matches([paper("x", abstract=f"{before} {part} {after}")], phrases=(part,))
        assert fold(found.reasons[0].found) or part == ""


@given(st.text(max_size=200), st.text(max_size=40))
def test_it_survives_any_text(text: str, phrase: str) -> None:
    matches([paper(text, abstract=text)], phrases=(phrase,), exclusions=(phrase[:3],))
