"""A word of advice on what a reader asks for."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from digest.composing import Wanted, compose
from digest.discovery.advising import Advice, advise
from digest.discovery.shelf import Shelf
from digest.matching import Index, Interest
from subscriptions.filters import Criteria, parse

DAY = dt.date(2026, 8, 20)


def paper(title: str, **fields: Any) -> Any:
    values = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **values)


SHELF = Shelf(
    (
        (
            DAY,
            Index(
                [
                    paper("Diffusion for Images", authors=["Ada Lovelace"], categories=["cs.CV"]),
                    paper("A Survey of Agents"),
                    paper("Agents at Work"),
                    paper("Agents at Play"),
                ]
            ),
        ),
    )
)
LEARNING = Interest("Learning", Criteria(phrases=("learning", "teaching")))


def advice(
    words: str, *topics: Interest, max_papers: int = 10, amount: str = "balanced", shelf: Shelf = SHELF
) -> tuple[Advice, ...]:
    own = parse(words)
    interests = (*topics, *((Interest("Your words", own),) if own.wants_something else ()))
    wanted = Wanted(interests, own.exclusions, max_papers, amount=amount)
    return advise(shelf, [compose(index, wanted, day) for day, index in shelf.days], wanted, own)


def test_it_has_nothing_to_remark_when_all_is_well() -> None:
    assert advice("diffusion, author:Ada Lovelace, cat:cs.CV, -survey") == ()


def test_it_names_each_phrase_that_never_occurs_and_what_is_near() -> None:
    (found,) = advice("difusion, agents")
    assert (found.kind, found.about, found.near) == ("no_phrase", "difusion", (("diffusion", 1),))
    assert advice('"agents at sea"')[0].near[0] == ("agents", 3)


def test_it_names_no_phrase_that_brings_papers_by_its_words() -> None:
    shelf = Shelf(((DAY, Index([paper("Rivers carve", abstract="Valleys: carved by rivers. " * 20)])),))
    assert advice("carve valleys by rivers", amount="more", shelf=shelf) == ()
    assert [found.kind for found in advice('"carve valleys by rivers"', shelf=shelf)] == ["no_phrase"]


def test_it_names_authors_and_categories_that_never_occur() -> None:
    found = advice("author:Alan Turing, cat:q-bio.*, agents")
    assert [(a.kind, a.about) for a in found] == [("no_author", "Alan Turing"), ("no_category", "q-bio.*")]


def test_it_says_how_to_ask_for_a_category() -> None:
    assert [(a.kind, a.about) for a in advice("cs.CV, agents")] == [("category", "cs.CV")]
    assert [a.kind for a in advice("node.js")] == ["no_phrase"]


def test_it_expects_of_no_topic_that_all_its_phrases_occur() -> None:
    assert advice("", LEARNING) == ()


def test_it_says_when_exclusions_take_everything() -> None:
    assert advice("agents, -agents") == (Advice("excluded", "agents", 3),)
    assert advice("agents, -survey") == ()


def test_it_blames_no_exclusion_of_a_reader_for_what_a_topic_leaves_out() -> None:
    topic = Interest("Agents", Criteria(quoted=("agents",), exclusions=("agents",)))
    assert advice("-diffusion", topic) == ()


def test_it_names_what_brings_the_most_in_a_flood() -> None:
    agents = Interest("Agents", Criteria(phrases=("agents",)))
    assert advice("diffusion", agents, max_papers=2) == (Advice("flood", "Agents", 3),)
    assert advice("agents", max_papers=1) == (Advice("flood", "", 3),)
    assert advice("agents", max_papers=2) == ()


def test_it_counts_a_flood_as_the_mail_does() -> None:
    agents = Interest("Agents", Criteria(phrases=("agents",)))
    assert advice("diffusion, -survey", agents, max_papers=1) == (Advice("flood", "Agents", 2),)
    once = Shelf(((DAY, Index([paper("x", abstract=f"{'Else. ' * 150}An agent.")] * 3)),))
    assert advice("agent", max_papers=1, amount="fewer", shelf=once) == ()
    titled = Shelf(((DAY, Index([paper("Agents", abstract=f"{n}") for n in range(2)] + once.papers)),))
    assert advice("agent", max_papers=1, amount="fewer", shelf=titled) == (Advice("flood", "", 2),)


def test_it_says_three_things_of_a_kind_at_most() -> None:
    assert len(advice("quux, quuz, corge, grault, garply")) == 3


def test_it_leaves_a_reader_who_follows_nothing_alone() -> None:
    assert advice("", max_papers=1) == ()
