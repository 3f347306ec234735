"""Similar papers."""

import math
from typing import Any

import numpy as np
import pytest
from django.test import Client

from digest.matching.assembly import text_of
from digest.matching.similarity import DIMENSIONS
from digest.models import Paper, Vector
from digest.personalization import embeddings
from digest.search import similar_papers
from digest.search.similar_papers import similar
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


def add(title: str, **fields: Any) -> Paper:
    number = Paper.objects.count() + 1
    url = f"https://arxiv.org/abs/2608.{number:05}"
    return Paper.objects.create(key=f"arxiv:2608.{number:05}", title=title, url=url, **fields)


@pytest.fixture
def memory() -> Paper:
    return add("Episodic Memory for Agents", abstract="Agents remember their conversations by episodes.")


def test_it_finds_the_likest_first_and_nothing_that_is_unlike(memory: Paper) -> None:
    likest = add("Agents with Episodic Memory", abstract="We let agents remember conversations.")
    like = add("A Memory of Episodic Events in Whales")
    add("Whale Songs")
    assert similar(memory) == [likest, like]


def test_it_finds_neither_itself_nor_what_is_hidden(memory: Paper) -> None:
    other = add("Episodic Memory for Agents, Again")
    assert similar(memory) == [other]
    Paper.objects.filter(pk=other.pk).update(is_hidden=True)
    assert similar(memory) == []


def test_it_sees_new_papers_and_new_words(memory: Paper) -> None:
    assert similar(memory) == []
    other = add("Episodic Memory for Agents, Again")
    assert similar(memory) == [other]
    Paper.objects.filter(pk=memory.pk).update(title="Whale Songs", abstract="")
    memory.refresh_from_db()
    assert similar(memory) == []


def test_it_shows_six_at_most(memory: Paper) -> None:
    for number in range(9):
        add(f"Episodic Memory for Agents, Part {number}")
    assert len(similar(memory)) == 6


def test_it_finds_what_is_close_in_meaning_without_a_common_word(
    memory: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, far = add("What Assistants Recall"), add("Whale Songs")
    monkeypatch.setattr(embeddings, "is_available", lambda: True)
    monkeypatch.setattr(similar_papers, "_closest_keys", lambda vector: [close.key, far.key])
    for paper, angle in ((memory, 0.0), (close, 0.9), (far, 1.3)):
        vector = np.zeros(DIMENSIONS, np.float16)
        vector[:2] = math.cos(angle), math.sin(angle)
        Vector.objects.create(
            key=embeddings.key_of(text_of(paper)), kind=Vector.Kind.PAPER, values=vector.tobytes(), used_on=TODAY
        )
    assert similar(memory) == [close]


@pytest.mark.parametrize("title", ["", "…", "The of", "Memory"])
def test_it_survives_a_title_that_says_little(title: str, memory: Paper) -> None:
    similar(add(title))


def test_it_stands_on_the_papers_page(client: Client, memory: Paper) -> None:
    add("Agents with Episodic Memory")
    page = client.get(f"/papers/{memory.key}/").content.decode()
    assert 'href="/papers/arxiv:2608.00002/"' in page.partition("Similar papers")[2]
