"""Hints on a reader's filters."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from digest.matching import Index, Interest
from digest.personalization.digest_selection import QueryProfile, compose
from digest.personalization.profiles import of_words, with_votes
from digest.search.preview_hints import FilterHint, advise
from digest.search.recent_papers import RecentPapers
from subscriptions.query.grammar import Criteria, parse

DAY = dt.date(2026, 8, 20)


def paper(title: str, **fields: Any) -> Any:
    values = {"key": title, "abstract": "", "authors": [], "categories": [], "keywords": [], "votes": 0} | fields
    return SimpleNamespace(title=title, **values)


RECENT = RecentPapers(
    (
        (
            DAY,
            Index(
                [
                    paper("Diffusion for Images", authors=["Ada Lovelace"], categories=["cs.CV"]),
                    paper("A Survey of Agents"),
                    paper("Agents at Work", votes=7),
                    paper("Agents at Play"),
                ]
            ),
        ),
    )
)
LEARNING = Interest("Learning", Criteria(phrases=("learning", "teaching")))
AGENTS = Interest("Agents", Criteria(phrases=("agents",)))
MACHINES = Interest("Machines", Criteria(), about="machines that work", narrower=(AGENTS,))
VOTED = RecentPapers(((DAY, Index([paper(f"Agents {n}", votes=9) for n in range(3)])),))


def advice(
    words: str,
    *topics: Interest,
    max_papers: int = 10,
    amount: str = "balanced",
    recent: RecentPapers = RECENT,
    broader: tuple[Interest, ...] = (),
) -> tuple[FilterHint, ...]:
    own = parse(words)
    asked = with_votes((*topics, *of_words(own)), own.min_votes)
    wanted = QueryProfile(asked, own.exclusions, max_papers, amount=amount)
    digests = [compose(index, wanted, day) for day, index in recent.days]
    return advise(recent, digests, wanted, own, with_votes(broader, own.min_votes))


def test_it_has_nothing_to_remark_when_all_is_well() -> None:
    assert advice("diffusion, author:Ada Lovelace, cat:cs.CV, -survey") == ()


def test_it_names_each_phrase_that_never_occurs_and_what_is_near() -> None:
    (found,) = advice("difusion, agents")
    assert (found.kind, found.about, found.near) == ("no_phrase", "difusion", (("diffusion", 1),))
    assert advice('"agents at sea"')[0].near[0] == ("agents", 3)


def test_it_names_no_phrase_that_brings_papers_by_its_words() -> None:
    recent = RecentPapers(((DAY, Index([paper("Rivers carve", abstract="Valleys: carved by rivers. " * 20)])),))
    assert advice("carve valleys by rivers", amount="more", recent=recent) == ()
    assert [found.kind for found in advice('"carve valleys by rivers"', recent=recent)] == ["no_phrase"]


def test_it_names_authors_and_categories_that_never_occur() -> None:
    found = advice("author:Alan Turing, cat:q-bio.*, agents")
    assert [(a.kind, a.about) for a in found] == [("no_author", "Alan Turing"), ("no_category", "q-bio.*")]


def test_it_says_how_to_ask_for_a_category() -> None:
    assert [(a.kind, a.about) for a in advice("cs.CV, agents")] == [("category", "cs.CV")]
    assert [a.kind for a in advice("node.js")] == ["no_phrase"]


def test_it_says_how_to_ask_for_an_author() -> None:
    assert [(a.kind, a.about) for a in advice("Ada Lovelace, A. Lovelace")] == [
        ("author", "Ada Lovelace"),
        ("author", "A. Lovelace"),
    ]
    assert advice("author:Ada Lovelcae") == (FilterHint("no_author", "Ada Lovelcae", near=(("Ada Lovelace", 1),)),)


def test_it_expects_of_no_topic_that_all_its_phrases_occur() -> None:
    assert advice("", LEARNING, AGENTS) == ()


def test_it_says_when_exclusions_take_everything() -> None:
    assert advice("agents, -agents") == (FilterHint("excluded", "agents", 3),)
    assert advice("agents, -survey") == ()


def test_it_blames_no_exclusion_of_a_reader_for_what_a_topic_leaves_out() -> None:
    topic = Interest("Agents", Criteria(quoted=("agents",), exclusions=("agents",)))
    assert advice("-diffusion", topic) == (FilterHint("rare"),)


def test_it_says_when_exclusions_leave_nothing_to_who_follows_nothing() -> None:
    assert advice("-agents, -diffusion") == (FilterHint("excluded", "agents, diffusion", 4),)


def test_it_says_when_the_votes_asked_for_take_everything() -> None:
    assert advice("votes:200", AGENTS) == (FilterHint("votes", "200", 3),)
    assert advice("agents, -survey, votes:200") == (FilterHint("votes", "200", 2),)
    assert advice("votes:7", AGENTS) == ()
    assert advice("votes:200", MACHINES) == (FilterHint("votes", "200", 3),)
    assert advice("votes:200") == (FilterHint("no_votes", "200", 7),)
    assert advice("votes:7, -agents") == (FilterHint("excluded", "agents", 1),)


def test_it_says_when_votes_and_exclusions_together_take_everything() -> None:
    assert advice("-work, -play, votes:5", AGENTS) == (FilterHint("excluded", "work, play", 1),)
    assert advice("-agents, votes:200", AGENTS) == (FilterHint("narrowed", "agents", 3),)


def test_it_says_when_less_sure_matches_would_be_something() -> None:
    once = RecentPapers(((DAY, Index([paper("x", abstract=f"{'Else. ' * 150}An agent.")] * 3)),))
    assert advice("agent", amount="fewer", recent=once) == (FilterHint("amount", "balanced", 3),)


def test_it_names_the_broader_topic_that_would_bring_the_most() -> None:
    diffusion = Interest("Diffusion", Criteria(phrases=("diffusion",)))
    assert advice("", LEARNING, broader=(diffusion, AGENTS)) == (FilterHint("broader", "Agents", 3),)
    assert advice("-agents", LEARNING, broader=(AGENTS, diffusion)) == (FilterHint("broader", "Diffusion", 1),)
    assert advice("votes:200", LEARNING, broader=(AGENTS,)) == (FilterHint("rare"),)


def test_it_has_something_to_say_whatever_brings_nothing() -> None:
    assert advice("", LEARNING) == (FilterHint("rare"),)
    assert advice("about: the tides of the sea") == (FilterHint("rare"),)
    assert [found.kind for found in advice("submarines", LEARNING)] == ["no_phrase"]


def test_it_names_what_brings_the_most_in_a_flood() -> None:
    assert advice("diffusion", AGENTS, max_papers=2) == (FilterHint("flood", "Agents", 3),)
    assert advice("agents", max_papers=1) == (FilterHint("flood_phrase", "", 3),)
    assert advice("agents", MACHINES, max_papers=1)[0].about == "agents"
    assert advice("agents", max_papers=2) == ()


def test_it_speaks_of_phrases_in_a_flood_to_who_typed_one() -> None:
    assert advice("", AGENTS, max_papers=1) == (FilterHint("flood_topic", "balanced", 3),)
    assert advice("votes:1", MACHINES, max_papers=1, recent=VOTED) == (FilterHint("flood_topic", "balanced", 3),)
    assert advice("", AGENTS, max_papers=1, amount="fewer") == (FilterHint("flood_topic", "fewer", 3),)
    many = RecentPapers(((DAY, Index([paper(f"Work {n}", votes=9, categories=["cs.CV"]) for n in range(4)])),))
    assert advice("cat:cs.CV", max_papers=1, recent=many) == (FilterHint("flood_else", "20", 4),)
    assert advice("votes:3", max_papers=1, recent=many) == (FilterHint("flood_else", "6", 4),)


def test_it_counts_a_flood_as_the_mail_does() -> None:
    assert advice("diffusion, -survey", AGENTS, max_papers=1) == (FilterHint("flood", "Agents", 2),)
    once = RecentPapers(((DAY, Index([paper("x", abstract=f"{'Else. ' * 150}An agent.")] * 3)),))
    assert [a.kind for a in advice("agent", max_papers=1, amount="fewer", recent=once)] == ["amount"]
    titled = RecentPapers(((DAY, Index([paper("Agents", abstract=f"{n}") for n in range(2)] + once.papers)),))
    assert advice("agent", max_papers=1, amount="fewer", recent=titled) == (FilterHint("flood_phrase", "", 2),)


def test_it_says_three_things_of_a_kind_at_most() -> None:
    assert len(advice("quux, quuz, corge, grault, garply")) == 3


def test_it_leaves_a_reader_who_follows_nothing_alone() -> None:
    assert advice("", max_papers=1) == ()
