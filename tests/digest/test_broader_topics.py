"""Broader topics, which include narrower ones: their papers, their texts, and the pages that show them."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from digest.email.batch.recipients import RecipientLoader
from digest.matching import Index, Interest, Reason, choose
from digest.matching.thesaurus import Thesaurus
from digest.models import Edition
from digest.papers import topic_assignment
from digest.personalization import profiles
from digest.search import cited_papers
from digest.search.topic_suggestions import suggest
from digest.site import topics
from subscriptions.forms import PreferencesForm
from subscriptions.models import Topic
from subscriptions.query.grammar import Criteria
from tests.conftest import make_reader


def topic(name: str, *phrases: str, narrower: tuple[Interest, ...] = ()) -> Interest:
    return Interest(name, Criteria(quoted=phrases), f"{name}: what is about {name.lower()}", narrower=narrower)


QUANTIZATION = topic("Quantization and pruning", "quantization", "pruning")
TOKENS = topic("Visual token compression", "token compression", "token merging")
SMALL = topic("Small models", narrower=(QUANTIZATION, TOKENS))
ROBOTS = topic("Robots", "robot arm")
ALL = [SMALL, QUANTIZATION, TOKENS, ROBOTS]


def paper(title: str, abstract: str = "") -> Any:
    return SimpleNamespace(key=title, title=title, abstract=abstract, authors=[], categories=[], keywords=[], votes=0)


PAPERS = [
    paper("Quantization and pruning of networks", "We study quantization and pruning, and quantization of all else."),
    paper("Visual token compression by token merging", "Token compression and token merging of visual tokens."),
    paper("A robot arm", "The robot arm is a robot arm."),
    paper("Else", "Nothing of the kind."),
]


@pytest.fixture
def index() -> Index:
    return Index(PAPERS, None, Thesaurus(ALL))


def test_it_finds_what_any_of_its_topics_finds(index: Index) -> None:
    apart = {
        number: max(index.answer(one).scores.get(number, 0) for one in (QUANTIZATION, TOKENS)) for number in (0, 1)
    }
    assert index.answer(SMALL).scores == apart
    assert all(apart.values())


def test_what_is_on_several_of_its_topics_is_likelier_wanted() -> None:
    index = Index([paper("Quantization and token compression", "Pruning, token merging.")], None, Thesaurus(ALL))
    apart = [index.answer(one).scores[0] for one in (QUANTIZATION, TOKENS)]
    assert max(apart) < index.answer(SMALL).scores[0] == pytest.approx(1 - (1 - apart[0]) * (1 - apart[1]))


def test_it_says_which_of_its_topics_found_a_paper_and_why(index: Index) -> None:
    findings = index.findings(SMALL)
    reasons = findings[0].reasons
    assert reasons[0] == Reason("Small models", "topic", "Quantization and pruning", "", reasons[0].weight)
    assert ("Small models", "phrase", "Quantization", "title") in {
        (r.interest, r.kind, r.found, r.where) for r in reasons
    }
    assert {reason.found for reason in findings[1].reasons}.isdisjoint({"Quantization and pruning"})


def test_it_is_one_filter_among_those_of_a_reader(index: Index) -> None:
    found, of = choose(index, (SMALL, QUANTIZATION, ROBOTS), (), "balanced", 10)
    assert of == len(found) == 3
    labels = {match.paper.title: [finding.interest for finding in match.findings] for match in found}
    assert sorted(labels[PAPERS[0].title]) == ["Quantization and pruning", "Small models"]
    assert labels[PAPERS[1].title] == ["Small models"]


def test_it_names_no_topic_that_hardly_speaks_of_the_paper() -> None:
    asked = topic("Machines", "robot arm", "gripper", narrower=(QUANTIZATION, TOKENS))
    index = Index([*PAPERS, paper("A robot arm", "A gripper. Then, pruning.")], None, Thesaurus([*ALL, asked]))
    (reasons,) = [finding.reasons for number, finding in index.findings(asked).items() if number == len(PAPERS)]
    assert "topic" not in {reason.kind for reason in reasons}


def test_what_a_broader_topic_excludes_is_excluded_from_all_of_it() -> None:
    asked = Interest("Small", Criteria(exclusions=("merging",)), "Small", narrower=(QUANTIZATION, TOKENS))
    assert list(Index(PAPERS, None, Thesaurus(ALL)).answer(asked).scores) == [0]


def test_its_own_phrases_find_as_well() -> None:
    asked = topic("Small models", "robot arm", narrower=(QUANTIZATION,))
    assert set(Index(PAPERS, None, Thesaurus([asked, QUANTIZATION, TOKENS])).answer(asked).scores) == {0, 2}


@pytest.mark.parametrize(
    ("name", "ticked"),
    [
        ("Quantization, pruning and token compression", SMALL),
        ("Token compression: pruning", SMALL),
        ("Small models", SMALL),
        ("Quantization and pruning", QUANTIZATION),
        ("Pruning of small networks", QUANTIZATION),
        ("Quantization and robots", QUANTIZATION),  # no topic includes both
        ("Robots and quantization", ROBOTS),
        ("Quantization, token compression and robots", SMALL),  # it includes most of them
        ("Robots", ROBOTS),
        ("Robots und andere", ROBOTS),
    ],
)
def test_who_names_several_topics_would_tick_the_one_that_stands_for_them(name: str, ticked: Interest) -> None:
    assert ALL[Thesaurus(ALL).nearest(name, name)] == ticked


def test_the_narrowest_that_stands_for_all_that_is_named_is_ticked() -> None:
    widest = topic("Everything", narrower=(QUANTIZATION, TOKENS, ROBOTS))
    every = [widest, *ALL]
    name = "Pruning and token compression"
    assert every[Thesaurus(every).nearest(name, name)] == SMALL
    assert every[Thesaurus(every).nearest("Pruning, robots", "Pruning, robots")] == widest


def test_a_broader_topic_within_a_wider_one_asks_for_nothing_more() -> None:
    wider, alike = (topic(name, narrower=(QUANTIZATION, TOKENS)) for name in ("Wider", "Alike"))
    wider = replace(wider, narrower=(*wider.narrower, ROBOTS))
    with_words = topic("With words", "edge device", narrower=(QUANTIZATION, TOKENS))
    assert profiles.without_included([SMALL, wider, QUANTIZATION]) == [wider]
    assert profiles.without_included([SMALL, alike, with_words]) == [SMALL, alike, with_words]
    assert profiles.without_included([with_words, wider]) == [with_words, wider]


# In the database


@pytest.fixture
def methods(learning: Topic, vision: Topic) -> Topic:
    return Topic.objects.create(
        slug="methods", name="All methods", group="Methods", description="Both", narrower=["learning", "vision", "gone"]
    )


def test_what_it_stands_for_counts_whether_offered_or_not(methods: Topic, vision: Topic) -> None:
    Topic.objects.filter(pk=vision.pk).update(is_offered=False)
    assert [one.label for one in profiles.of_topic(methods).narrower] == ["Learning", "Vision"]
    Topic.objects.create(slug="all", name="All", narrower=["methods", "learning"])  # from when methods was narrow
    assert [one.label for one in profiles.of_topic(Topic.objects.get(slug="all")).narrower] == ["Learning", "Vision"]


def test_who_ticks_a_topic_beside_one_that_stands_for_it_asks_once(methods: Topic, learning: Topic) -> None:
    together = make_reader("ada@example.org", topics=[learning, methods])
    alone = make_reader("bea@example.org", topics=[learning])
    assert [one.label for one in profiles.profile_of(together).interests] == ["All methods"]
    assert [one.label for one in profiles.profile_of(alone).interests] == ["Learning"]
    read = RecipientLoader().read([together.pk, alone.pk])
    assert read[together.pk].profile.interests == profiles.profile_of(together).interests  # type: ignore[union-attr]
    assert read[alone.pk].profile.interests == profiles.profile_of(alone).interests  # type: ignore[union-attr]


def test_it_looks_up_what_it_stands_for(methods: Topic, learning: Topic, vision: Topic) -> None:
    alone, together = profiles.of_topic(methods), profiles.of_topics([vision, methods, learning])
    assert [one.label for one in alone.narrower] == ["Learning", "Vision"]
    assert together == [profiles.of_topic(vision), alone, profiles.of_topic(learning)]


def test_readers_get_what_its_topics_find(methods: Topic, edition: Edition) -> None:
    reader = make_reader("ada@example.org", topics=[methods])
    wanted = profiles.profile_of(reader)
    papers = list(edition.papers.order_by("pk"))
    found, _ = choose(Index(papers), wanted.interests, (), wanted.amount, 10)
    assert {match.paper.title for match in found} == {paper.title for paper in papers}


def body(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_it_has_a_page_that_says_what_it_includes(client: Client, methods: Topic, edition: Edition) -> None:
    topic_assignment.assign_topics(edition)
    page = body(client, "/topics/methods/")
    assert "Includes 2 topics" in page
    assert 'href="/topics/vision/"' in page
    assert "<mark>Reinforcement Learning</mark> at Scale" in page
    assert "How papers are matched" not in page  # it has no phrases of its own
    assert 'href="/topics/methods/"' in body(client, "/topics/learning/")


def test_pages_name_papers_by_the_narrowest_topics(client: Client, methods: Topic, edition: Edition) -> None:
    topic_assignment.assign_topics(edition)
    day = body(client, "/2026-08-20/")
    assert "Learning" in day
    assert "?topic=methods" not in day
    assert "Faster Diffusion" in body(client, "/2026-08-20/?topic=methods")


def test_a_paper_that_only_a_broader_topic_finds_is_named_by_it(edition: Edition, learning: Topic) -> None:
    Topic.objects.create(slug="wide", name="Wide", group="Methods", narrower=["learning"], phrases=["diffusion"])
    topic_assignment.assign_topics(edition)
    papers = list(edition.papers.order_by("key"))
    found = topics.of_papers(papers, topics.offered())
    assert [[label.slug for label in found[paper.pk]] for paper in papers] == [["learning"], ["wide"], ["learning"]]


def test_it_says_what_it_leaves_out(client: Client, methods: Topic) -> None:
    Topic.objects.filter(pk=methods.pk).update(exclusions=["survey"])
    assert "Papers that mention these are excluded: survey" in body(client, "/topics/methods/")


def test_it_is_found_by_the_names_of_what_it_stands_for(methods: Topic) -> None:
    form = PreferencesForm({"find": "vision both"})
    assert [found.name for found in form.found()] == ["All methods"]
    assert [found.name for found in PreferencesForm({"find": "vision"}).found()] == ["Vision", "All methods"]


def test_it_is_no_suggestion_beside_what_it_stands_for(methods: Topic, edition: Edition) -> None:
    assert [offer.name for offer in suggest(cited_papers.read("2608.00001").papers).topics] == ["Learning"]


def test_its_papers_are_sorted_anew_when_it_stands_for_others(methods: Topic, edition: Edition) -> None:
    topic_assignment.reassign_stale(seconds=10)
    before = topics.papers_on(methods).count()
    Topic.objects.filter(pk=methods.pk).update(narrower=["vision"])
    assert topic_assignment.reassign_stale(seconds=10) == 1
    assert topics.papers_on(methods).count() < before


def test_the_form_offers_the_whole_area_beside_its_topics(client: Client, methods: Topic) -> None:
    page = body(client, "/subscribe/")
    assert "All of Methods" not in page
    Topic.objects.filter(pk=methods.pk).update(name="Methods")
    page = body(client, "/subscribe/")
    drawer = page[page.index('class="areas"') :]
    assert drawer.index('value="vision"') < drawer.index('value="methods" aria-label="All of Methods"')
    assert drawer.count('name="topics"') == 3
