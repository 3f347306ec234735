"""Fewer papers of a filter: half of its slots for each request."""

from types import SimpleNamespace
from typing import Any

import pytest

from digest.matching import Index, Interest, Match, match
from digest.personalization.slot_limits import SlotLimits
from subscriptions.query.grammar import Criteria

AGENTS = Interest("Agents", Criteria(phrases=("agents",)))
ROBOTS = Interest("Robots", Criteria(phrases=("robots",)))


def paper(title: str) -> Any:
    return SimpleNamespace(key=title, title=title, abstract="", authors=[], categories=[], keywords=[], votes=0)


def matched(*titles: str) -> list[Match]:
    return match(Index(map(paper, titles)), (AGENTS, ROBOTS))


@pytest.mark.parametrize(("fewer", "left"), [(0, 12), (1, 5), (2, 2), (3, 1), (9, 1)])
def test_each_request_halves_the_slots_and_leaves_one(fewer: int, left: int) -> None:
    matches = matched(*(f"Agents {number}" for number in range(12)))
    assert len(SlotLimits({"Agents": fewer}).apply(matches, 10)) == left


def test_papers_of_other_filters_too_need_no_slot() -> None:
    kept = SlotLimits({"Agents": 9}).apply(matched("Agents One", "Agents Two", "Robots", "Agents and Robots"), 10)
    assert sorted(found.paper.title for found in kept)[0] == "Agents One" or len(kept) == 3
    assert {found.paper.title for found in kept} >= {"Robots", "Agents and Robots"}
    assert len(kept) == 3
