"""Suggestions of topics, phrases and authors."""

from typing import Any

import pytest

from digest.models import Edition, Paper
from digest.papers.deduplication import fingerprint
from digest.search import cited_papers, topic_suggestions
from digest.search.topic_suggestions import Suggestion
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY

LONG = "Agents with an Episodic Memory of Long Conversations"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def recent() -> None:
    Topic.objects.create(slug="agents", name="Agents", group="A", description="That act", phrases=["agents"])
    Topic.objects.create(slug="secret", name="Secret", group="A", phrases=["agents"], is_offered=False)
    Topic.objects.create(slug="speech", name="Speech", group="B", phrases=["speech recognition"])
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    for number, title in enumerate(
        ["Agents with an Episodic Memory of Long Conversations", "Episodic Memory for Agents", "Whale Songs"], 1
    ):
        authors = ["Ada Lovelace", f"Author {number}"]
        Paper.objects.create(
            key=f"arxiv:2608.{number:05}",
            title=title,
            url=f"https://arxiv.org/abs/2608.{number:05}",
            authors=authors,
            edition=edition,
            fingerprint=fingerprint(title, authors),
        )


def suggest(text: str) -> Suggestion:
    return topic_suggestions.suggest(cited_papers.read(text).papers)


def names(offers: Any) -> list[str]:
    return [offer.name for offer in offers]


def test_it_suggests_topics_phrases_and_authors_with_what_led_to_each() -> None:
    found = suggest("2608.00001 and https://arxiv.org/abs/2608.00002v3")
    (agents,) = found.topics
    assert (agents.value, agents.is_ticked, agents.description) == ("agents", True, "That act")
    assert len(agents.papers) == 2
    assert names(found.words) == ["Episodic Memory", "Ada Lovelace"]
    assert [len(offer.papers) for offer in found.words] == [2, 2]
    assert found.words[1].value == "author:Ada Lovelace"


def test_it_works_from_titles_and_abstracts_of_papers_that_we_do_not_have() -> None:
    found = suggest("@misc{a, title={A Paper of Elsewhere}, abstract={On speech recognition.}, eprint={1901.00001}}")
    assert names(found.topics) == ["Speech"]


def test_it_ticks_no_more_than_three_topics_that_a_quarter_of_the_papers_share() -> None:
    for number in range(5):
        Topic.objects.create(slug=f"t{number}", name=f"Topic {number}", group="G", phrases=["speech recognition"])
    titles = ("Speech Recognition", "More Speech Recognition", "Cooking at Home")
    paste = "\n".join(f"@misc{{p{number}, title={{{title}}}}}" for number, title in enumerate(titles))
    found = suggest(paste)
    assert len(found.topics) > 3
    assert sum(offer.is_ticked for offer in found.topics) == 3
    others = "".join(f"\n@misc{{d{number}, title={{Other {number}}}}}" for number in range(6))
    assert not any(offer.is_ticked for offer in suggest(paste + others).topics)


@pytest.mark.parametrize(
    ("phrase", "tells"),
    [
        ("behavior", False), ("decision-making", False), ("End-to-End", False), ("Long-Horizon", False),
        ("GRPO", True), ("MLLMs", True), ("LLM agents", True), ("episodic memory", True),
    ],
)  # fmt: skip
def test_it_offers_no_word_that_stands_anywhere(phrase: str, tells: bool) -> None:
    assert topic_suggestions._is_specific(phrase) == tells


def test_it_suggests_no_hidden_paper_and_no_phrase_that_brings_nothing() -> None:
    assert names(suggest("2608.00003").words) == []
    Paper.objects.update(is_hidden=True)
    assert cited_papers.read("2608.00001").papers == ()


def test_it_suggests_what_brings_papers_like_one() -> None:
    found = topic_suggestions.suggest([Paper.objects.earliest("pk")])
    assert (names(found.topics), names(found.words)) == (["Agents"], ["Episodic Memory"])


def test_it_reads_a_long_list_in_part_evenly_spread() -> None:
    entries = [f"@misc{{p{n}, title={{Paper {n} on {'agents' if n >= 90 else 'whales'}}}}}" for n in range(100)]
    papers = cited_papers.read("\n".join(entries)).papers
    assert len(papers) == 100
    (agents,) = topic_suggestions.suggest(papers).topics
    assert len(agents.papers) == 5  # of ten among the hundred; fifty are read
