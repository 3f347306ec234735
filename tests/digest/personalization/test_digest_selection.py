"""The papers of one reader's digest."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from digest.matching import Finding, Index, Interest, Match
from digest.personalization import digest_selection, profiles
from digest.personalization.digest_selection import Digest, QueryProfile, compose
from digest.personalization.like_filter import LIKES, Likes
from digest.personalization.like_model import LikeModel
from digest.personalization.word_features import NO_WORDS
from subscriptions.query.grammar import Criteria, parse

DAY = dt.date(2026, 8, 20)
AGENTS = Interest("Agents", Criteria(phrases=("agents",)))


def paper(title: str, votes: int) -> Any:
    return SimpleNamespace(key=title, title=title, abstract="", authors=[], categories=[], keywords=[], votes=votes)


def match(*interests: str) -> Match:
    return Match(paper("Paper", 1), 1, tuple(Finding(interest, 1, ()) for interest in interests))


def titles(matches: Any) -> list[str]:
    return [found.paper.title for found in matches]


VOTES = {"Cooking": 50, "Agents A": 40, "Agents B": 30, "Baking": 20, "Sewing": 5, "Quiet": 0}
INDEX = Index([paper(title, votes) for title, votes in VOTES.items()])


def test_it_chooses_what_matches_then_what_is_trending() -> None:
    digest = compose(INDEX, QueryProfile((AGENTS,)), DAY)
    assert titles(digest.for_you) == ["Agents A", "Agents B"]
    assert titles(digest.trending) == ["Cooking", "Baking", "Sewing"]


def test_it_caps_the_list_and_counts_the_rest() -> None:
    digest = compose(INDEX, QueryProfile((AGENTS,), max_papers=1), DAY)
    assert (titles(digest.for_you), digest.more) == (["Agents A"], 1)


def test_it_never_shows_a_paper_twice() -> None:
    digest = compose(INDEX, QueryProfile((AGENTS, Interest("C", Criteria(phrases=("cooking", "agents"))))), DAY)
    shown = titles(digest.matches)
    assert len(shown) == len(set(shown))


def test_it_is_not_worth_sending_when_nothing_matches() -> None:
    assert not compose(INDEX, QueryProfile((Interest("x", Criteria(phrases=("submarines",))),)), DAY).is_worth_sending


def test_it_selects_trending_papers_on_a_quiet_day_if_the_reader_wants_them() -> None:
    wanted = QueryProfile((Interest("x", Criteria(phrases=("submarines",))),), trending_if_none_match=True)
    digest = compose(INDEX, wanted, DAY)
    assert (digest.for_you, titles(digest.trending)) == ((), ["Cooking", "Agents A", "Agents B"])


def test_it_gives_the_most_voted_to_a_reader_who_follows_nothing() -> None:
    digest = compose(INDEX, QueryProfile((), max_papers=2), DAY)
    assert (titles(digest.for_you), digest.trending) == (["Cooking", "Agents A"], ())


def test_it_keeps_exclusions_out_of_everything() -> None:
    everything = compose(INDEX, QueryProfile((AGENTS,), exclusions=("cooking", "B")), DAY)
    assert "Cooking" not in titles(everything.matches)
    assert "Agents B" not in titles(everything.matches)
    assert "Cooking" not in titles(compose(INDEX, QueryProfile((), exclusions=("cooking",)), DAY).for_you)


def test_least_votes_apply_to_all_matches() -> None:
    asked = profiles.with_votes([AGENTS, Interest("Your words", parse("votes:1"))], 1)
    assert [(one.label, one.criteria.min_votes) for one in asked] == [(AGENTS.label, 1)]
    most = max(VOTES.values())
    assert not compose(INDEX, QueryProfile(profiles.with_votes([AGENTS], most + 1)), DAY).for_you
    alone = profiles.with_votes([Interest("Your words", parse(f"votes:{most}"))], most)
    assert titles(compose(INDEX, QueryProfile(alone), DAY).for_you) == ["Cooking"]


def test_papers_without_votes_are_not_trending() -> None:
    digest = compose(Index([paper("Agents", 1), paper("Quiet", 0)]), QueryProfile((AGENTS,)), DAY)
    assert digest.trending == ()


def test_it_groups_papers_by_the_strongest_interest_and_keeps_the_best_first() -> None:
    cooking = Interest("Cooking", Criteria(phrases=("cooking",)))
    papers = [paper("Agents", 1), paper("Cooking", 2), paper("Agents, too", 3)]
    listed, grouped = (
        compose(Index(papers), QueryProfile((AGENTS, cooking), is_grouped=it), DAY) for it in (False, True)
    )
    assert [group.interest for group in listed.groups] == [""]
    assert {group.interest: len(group.matches) for group in grouped.groups} == {AGENTS.label: 2, "Cooking": 1}
    assert grouped.for_you[0].paper is listed.for_you[0].paper


def test_papers_that_are_only_close_to_likes_come_after_those_of_chosen_topics() -> None:
    found = [match(LIKES), match(LIKES, "Agents"), match("Cooking")]
    groups = Digest(DAY, tuple(found), (), 0, 9, is_grouped=True).groups
    assert [(group.interest, group.matches) for group in groups] == [
        ("Agents", (found[1],)),
        ("Cooking", (found[2],)),
        (LIKES, (found[0],)),
    ]


def test_in_one_list_papers_that_are_only_close_to_likes_come_last_too(monkeypatch: pytest.MonkeyPatch) -> None:
    close, closer, chosen, last = found = [match(LIKES), match(LIKES, "Agents"), match("Agents"), match(LIKES)]
    monkeypatch.setattr(digest_selection, "_for_you", lambda index, wanted: (found, 4))
    wanted = QueryProfile((AGENTS,), likes=Likes(LikeModel(None, NO_WORDS, 0.0), ()))
    assert compose(INDEX, wanted, DAY).for_you == (closer, chosen, close, last)
    assert compose(INDEX, wanted._replace(by_votes=True), DAY).for_you == tuple(found)
    assert compose(INDEX, wanted._replace(interests=()), DAY).for_you == tuple(found), "before the most voted papers"


def test_papers_of_one_interest_need_no_heading() -> None:
    digest = compose(
        Index([paper("Agents", 1), paper("Agents, too", 3)]), QueryProfile((AGENTS,), is_grouped=True), DAY
    )
    assert not digest.is_grouped


def test_the_best_of_a_week_are_the_most_voted_matches() -> None:
    papers = [paper(f"Agents {votes}", votes) for votes in (3, 98, 1, 40, 7)] + [paper("Cooking", 500)]
    wanted = QueryProfile((AGENTS,), max_papers=3, by_votes=True)
    digest = compose(Index(papers), wanted, DAY)
    assert titles(digest.for_you) == ["Agents 98", "Agents 40", "Agents 7"]
    assert digest.more == 2


def test_the_best_of_a_week_are_shared_among_interests() -> None:
    cooking = Interest("Cooking", Criteria(phrases=("cooking",)))
    papers = [paper(f"Agents {votes}", votes) for votes in range(20, 90)] + [paper(f"Cooking {n}", n) for n in range(9)]
    digest = compose(Index(papers), QueryProfile((AGENTS, cooking), max_papers=8, by_votes=True), DAY)
    assert sum(title.startswith("Cooking") for title in titles(digest.for_you)) >= 2
    assert titles(digest.for_you)[0] == "Agents 89"
