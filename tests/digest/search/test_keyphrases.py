"""Keyphrases of some papers."""

from types import SimpleNamespace
from typing import Any

from digest.personalization.distinctive_features import rarity_among
from digest.search.keyphrases import Keyphrase, keyphrases_of
from tests.steps import steps


def paper(title: str, **fields: Any) -> Any:
    values = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **values)


def always(feature: str) -> float:
    return 1.0


def found(*papers: Any, rarity: Any = always, most: int = 10) -> list[str]:
    return [phrase.phrase for phrase in keyphrases_of(papers, rarity, most)]


def test_it_prefers_what_papers_share_and_says_which_hold_it() -> None:
    papers = [
        paper("Mamba for Speech"),
        paper("Chains of Thought"),
        paper("A Chain-of-Thought Study"),
        paper("Other", abstract="By chain of thought, we plan."),
    ]
    assert keyphrases_of(papers, always, 1) == [Keyphrase("Chains of Thought", (1, 2, 3))]


def test_it_takes_no_phrase_from_abstracts_alone() -> None:
    papers = [paper(title, abstract="Extensive experiments show it.") for title in ("Mamba", "Whales")]
    assert found(*papers) == []


def test_it_counts_a_keyword_as_a_title() -> None:
    assert "reward model" in found(paper("Mamba", keywords=["reward model"]), paper("Whales"))


def test_it_crosses_no_punctuation_and_holds_no_small_words() -> None:
    phrases = found(paper("Whale Songs: Neural Networks in the Wild"))
    assert "Whale Songs" in phrases
    assert not any("Songs Neural" in phrase or " in " in phrase or "the" in phrase.split() for phrase in phrases)


def test_it_names_nothing_that_every_paper_says() -> None:
    usual = rarity_among([paper("Whale Songs")] * 50)
    assert found(paper("Whale Songs"), paper("Whale Songs again"), rarity=usual) == []
    assert found(paper("Large Models")) == []


def test_it_gives_the_better_of_phrases_that_hold_one_another() -> None:
    assert found(paper("Streaming Video"), paper("Video Streams"), paper("Streaming Video Again"))[:1] == [
        "Streaming Video"
    ]
    assert "Video Streams" not in found(paper("Streaming Video"), paper("Video Streams"), paper("Streaming Video"))


def test_it_reads_no_addresses() -> None:
    assert found(paper("https://github.com/whale/songs"), paper("https://github.com/whale/songs")) == []


def test_it_takes_twice_the_steps_for_twice_the_words() -> None:
    one, two = (paper(" ".join(f"word{number}" for number in range(many))) for many in (500, 1000))
    keyphrases_of([two], always, 10)  # so that the stems of all words are known
    assert steps(keyphrases_of, [two], always, 10) < 2.2 * steps(keyphrases_of, [one], always, 10)


def test_it_finds_nothing_in_nothing() -> None:
    assert found() == []
    assert found(paper("")) == []
