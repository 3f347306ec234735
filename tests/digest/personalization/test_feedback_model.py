"""The model of a reader's feedback."""

from types import SimpleNamespace
from typing import Any

import pytest

from digest.email.reasons import why
from digest.matching import Finding, Index, Interest, Match, match
from digest.personalization import feature_labels
from digest.personalization.digest_selection import QueryProfile, compose
from digest.personalization.feedback_model import (
    MAX_WEIGHTS,
    FeedbackModel,
    FilterModel,
    features,
    learn,
    rarity_among,
)
from subscriptions.query.grammar import Criteria
from tests.conftest import TODAY

AGENTS = Interest("Agents", Criteria(phrases=("agents",)))
ROBOTS = Interest("Robots", Criteria(phrases=("robots",)))


def paper(title: str, **fields: Any) -> Any:
    values = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **values)


def always(feature: str) -> float:
    return 1.0


def titles(matches: Any) -> list[str]:
    return [found.paper.title for found in matches]


def matched(*papers: Any, interests: tuple[Interest, ...] = (AGENTS,)) -> list[Match]:
    return match(Index(papers), interests)


@pytest.mark.parametrize(
    ("liked", "disliked", "weight"),
    [(1, 0, 0.333), (2, 0, 0.5), (8, 0, 0.8), (0, 1, -0.333), (2, 2, None), (3, 1, 0.333), (0, 0, None)],
)
def test_more_ratings_make_larger_weights(liked: int, disliked: int, weight: float | None) -> None:
    weights = learn([paper("Memory")] * liked, [paper("Memory")] * disliked, always)
    assert weights.get("word:memory") == weight


def test_it_learns_from_words_authors_and_categories() -> None:
    fields = {"keywords": ["recall"], "authors": ["Ada Lovelace"], "categories": ["cs.AI"]}
    assert set(learn([paper("Memories", abstract="whale songs for it", **fields)], [], always)) == {
        "word:memory", "word:whale", "word:song", "word:whale song", "word:recall",
        "author:Ada Lovelace", "category:cs.AI",
    }  # fmt: skip


def test_titles_count_more_than_abstracts_and_middle_authors_do_not_count() -> None:
    liked = paper("Memory", abstract="Recall", authors=["Ada", "Grace", "Alan"])
    weights = learn([liked], [], always)
    assert weights["word:memory"] > weights["word:recall"] == weights["author:Ada"] == weights["author:Alan"]
    assert "author:Grace" not in weights


def test_common_features_have_small_weights() -> None:
    week = [*(paper(f"Deep Sea {n}") for n in range(199)), paper("Deep Memory")]
    weights = learn([paper("Deep Memory")], [], rarity_among(week))
    assert "word:deep" not in weights
    assert weights["word:memory"] == pytest.approx(0.29, abs=0.01)
    assert rarity_among([])("word:memory") == 1
    assert rarity_among(week[:2])("word:deep") > 0.7


def test_it_stays_small() -> None:
    weights = learn([paper(" ".join(f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(200)))], [], always)
    assert len(weights) == MAX_WEIGHTS


def test_it_moves_similar_papers_up_and_loses_none() -> None:
    matches = matched(paper("Agents for Cooking"), paper("Agents with Memory"), paper("Agents at Sea"))
    feedback_model = FeedbackModel({"Agents": FilterModel({"word:memory": 0.8, "word:cooking": -0.8})})
    assert titles(feedback_model.apply(matches, 10)) == ["Agents with Memory", "Agents at Sea", "Agents for Cooking"]


def test_it_keeps_the_reasons_and_adds_what_moved_a_paper() -> None:
    weights = {"word:memory": 0.9, "author:Ada Lovelace": 0.5, "word:sea": -0.9}
    up, down = FeedbackModel({"Agents": FilterModel(weights)}).apply(
        matched(paper("Agents with Memory", authors=["Ada Lovelace"]), paper("Agents at Sea")), places=10
    )
    assert [why(finding) for finding in up.findings] == [
        "Agents: “Agents” in the title",
        "moved up because you liked papers with “Memory”, “Ada Lovelace”",
    ]
    assert why(down.findings[-1]) == "moved down because papers with “Sea” were not for you"


def test_it_names_words_as_papers_write_them() -> None:
    its = paper(
        "Memory for AgentBench", abstract="Agents recall, whereas Claude runs four recurring image-generation runs."
    )
    words = feature_labels.written_forms([its, paper("Agents Remember")])
    assert feature_labels.label_of("word:image generation", words) == "image-generation"
    assert feature_labels.label_of("word:agentbench", words) == "AgentBench"
    assert feature_labels.label_of("word:agent", words) == "Agents"
    assert feature_labels.label_of("author:Ada Lovelace", words) == "Ada Lovelace"
    assert feature_labels.label_of("word:agent recall", words) == "Agents recall"
    for empty in ("recall wherea", "wherea", "four recurring", "recall claude", "elsewhere"):
        assert not feature_labels.label_of(f"word:{empty}", words)


def test_empty_words_are_no_reasons() -> None:
    feedback_model = FeedbackModel({"Agents": FilterModel({"word:wherea": 0.9, "word:sea": 0.4})})
    lesson = feedback_model.lessons["Agents"]
    assert lesson.telling(paper("Agents Whereas"), 1) == []
    assert lesson.telling(paper("Agents Whereas at Sea"), 1) == ["Sea"]
    (moved,) = feedback_model.apply(matched(paper("Agents Whereas")), 10)
    assert len(moved.findings) == 1


def test_a_small_effect_gets_no_reason() -> None:
    (found,) = FeedbackModel({"Agents": FilterModel({"word:memory": 0.1})}).apply(
        matched(paper("Agents with Memory")), 10
    )
    assert len(found.findings) == 1


@pytest.mark.parametrize(("weight", "times"), [(9.0, 2.0), (-9.0, 0.5)])
def test_it_at_most_doubles_or_halves_the_odds(weight: float, times: float) -> None:
    found = Match(paper("Agents with Memory"), 0.6, (Finding("Agents", 0.6, ()),))
    feedback_model = FeedbackModel({"Agents": FilterModel(dict.fromkeys(features(found.paper), weight))})
    (moved,) = feedback_model.apply([found], 10)
    assert moved.score / (1 - moved.score) == pytest.approx(times * 0.6 / 0.4, rel=0.01)
    voted = Match(found.paper, 30, (Finding("Agents", 30, ()),))
    assert feedback_model.apply([voted], 10)[0].score == pytest.approx(times * 30, rel=0.01)


def test_each_filter_learns_on_its_own() -> None:
    matches = matched(paper("Robots with Memory"), paper("Agents with Memory"), interests=(AGENTS, ROBOTS))
    feedback_model = FeedbackModel({"Agents": FilterModel({"word:memory": 0.9})})
    assert titles(feedback_model.apply(matches, 10)) == ["Agents with Memory", "Robots with Memory"]


@pytest.mark.parametrize(("fewer", "left"), [(0, 8), (1, 5), (2, 2), (3, 1), (9, 1)])
def test_each_fewer_halves_the_places_of_a_topic(fewer: int, left: int) -> None:
    matches = matched(*(paper(f"Agents {n}") for n in range(8)))
    assert len(FeedbackModel({"Agents": FilterModel({}, fewer)}).apply(matches, 10)) == left


def test_a_paper_that_another_filter_finds_is_not_held_back() -> None:
    papers = [*(paper(f"Agents {n}") for n in range(3)), *(paper(f"Agents and Robots {n}") for n in range(3))]
    kept = FeedbackModel({"Agents": FilterModel({}, 9)}).apply(matched(*papers, interests=(AGENTS, ROBOTS)), 10)
    assert sorted(titles(kept)) == ["Agents 0", *(f"Agents and Robots {n}" for n in range(3))]


def test_it_orders_the_digest_of_a_reader_with_a_model() -> None:
    index = Index([paper("Agents at Sea", votes=9), paper("Agents with Memory", votes=1)])
    feedback_model = FeedbackModel({"Agents": FilterModel({"word:memory": 0.9}), "": FilterModel({"word:memory": 0.9})})
    plain, tasted = (compose(index, QueryProfile((AGENTS,), feedback_model=it), TODAY) for it in (None, feedback_model))
    assert (titles(plain.for_you)[0], titles(tasted.for_you)[0]) == ("Agents at Sea", "Agents with Memory")
    assert len(tasted.for_you) == len(plain.for_you)
    assert titles(compose(index, QueryProfile((), feedback_model=feedback_model), TODAY).for_you) == [
        "Agents at Sea",
        "Agents with Memory",
    ]
