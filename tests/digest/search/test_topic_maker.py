"""Topics made from example papers: proposed phrases, judgements, and what is learned from them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from digest.matching.similarity import MODEL
from digest.models import Edition, Paper, TopicExample
from digest.personalization import embeddings, profiles
from digest.search import topic_maker, topic_phrases
from subscriptions.models import Topic
from tests.conftest import NOW, TODAY

BEES = ("Waggle Dances of Honey Bees", "How Honey Bees Learn a Waggle Dance", "Honey Bees and the Waggle Run")
OTHERS = ("Robots that Grasp", "Speech of Robots", "Bees on a Stamp", "Deep Networks", "Markets and Prices")


def text(title: str, abstract: str = "") -> Any:
    return SimpleNamespace(title=title, abstract=abstract, keywords=[], key=title, authors=[], categories=[], votes=0)


@pytest.fixture
def archive(db: None) -> dict[str, Paper]:
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    return {
        title: Paper.objects.create(
            key=f"arxiv:2608.{number:05}",
            title=title,
            abstract=f"We study {title.lower()}.",
            url=f"https://arxiv.org/abs/2608.{number:05}",
            edition=edition,
        )
        for number, title in enumerate((*BEES, *OTHERS), 1)
    }


@pytest.fixture
def dance(archive: dict[str, Paper]) -> Topic:
    examples = [archive[title] for title in BEES[:2]]
    return topic_maker.make("Bee dances", "bee-dances", "Biology", "How bees tell where flowers are", examples)


def test_it_proposes_what_the_examples_share_and_others_rarely_say() -> None:
    examples = [text(title) for title in BEES]
    found = topic_phrases.propose(examples, [text(OTHERS[0])], [], lambda phrase: 0.01)
    assert {"Honey Bees", "Waggle"} & {*found}
    assert not any("Robots" in phrase for phrase in found)


def test_it_proposes_the_phrases_of_the_only_examples_title() -> None:
    assert "Waggle Dances" in topic_phrases.propose([text(BEES[0])], [], [], lambda phrase: 0.01)


def test_it_proposes_no_phrase_that_papers_in_general_have_as_often() -> None:
    examples = [text(title) for title in BEES]
    assert topic_phrases.propose(examples, [], [], lambda phrase: 0.6) == []


def test_it_proposes_no_phrase_that_more_wrong_papers_than_examples_have() -> None:
    wrong = [text(f"Honey Bees as Art, {number}") for number in range(4)]
    found = topic_phrases.propose([text(title) for title in BEES], [], wrong, lambda phrase: 0.01)
    assert found
    assert not any("bees" in phrase.lower() for phrase in found)


def test_a_new_topic_has_phrases_and_keeps_its_examples_and_is_not_offered_yet(dance: Topic) -> None:
    assert any("waggle" in phrase.lower() for phrase in dance.phrases)
    assert dance.examples_used == 2
    assert not dance.is_offered
    assert [paper.title for paper in topic_maker.judged(dance).right] == list(BEES[:2])


def test_it_asks_about_the_likeliest_papers_that_are_not_judged_yet(dance: Topic) -> None:
    asked = [paper.title for paper, _ in topic_maker.to_judge(dance)]
    assert asked[0] == BEES[2]
    assert not {*BEES[:2]} & {*asked}


def test_answers_are_kept_and_counted_by_what_it_had_found(dance: Topic, archive: dict[str, Paper]) -> None:
    found = {paper.pk for paper, is_found in topic_maker.to_judge(dance) if is_found}
    third, stamp = archive[BEES[2]], archive["Bees on a Stamp"]
    topic_maker.learn(dance, {third.pk: True, stamp.pk: False}, dance.phrases)
    judged = topic_maker.judged(dance)
    assert judged.right[-1] == third
    assert judged.wrong == (stamp,)
    assert judged.found_right == (third.pk in found)
    assert judged.found_wrong == (stamp.pk in found)
    dance.refresh_from_db()
    assert dance.examples_used == 3


def test_a_phrase_that_only_wrong_papers_have_is_dropped(dance: Topic, archive: dict[str, Paper]) -> None:
    dropped = topic_maker.learn(dance, {archive["Bees on a Stamp"].pk: False}, ["waggle", "Stamp"])
    assert dropped == ["Stamp"]
    dance.refresh_from_db()
    assert dance.phrases == ["waggle"]


def test_a_second_answer_replaces_the_first(dance: Topic, archive: dict[str, Paper]) -> None:
    stamp = archive["Bees on a Stamp"].pk
    topic_maker.learn(dance, {stamp: True}, dance.phrases)
    topic_maker.learn(dance, {stamp: False}, dance.phrases)
    assert TopicExample.objects.get(topic=dance, paper=stamp).is_right is False


def test_readers_can_choose_it_once_it_is_offered(dance: Topic) -> None:
    topic_maker.offer(dance)
    assert dance in Topic.objects.offered()


@pytest.fixture
def meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the sentence model with one that knows one number: whether a text is about bees."""

    def of_texts(texts: Any, kind: str, *, keep: bool = True) -> dict[str, Any]:
        vectors = {}
        for one in texts:
            vector = np.zeros(384, np.float32)
            vector[0 if "bee" in one.lower() else 1] = 1.0
            vectors[one] = vector
        return vectors

    monkeypatch.setattr(embeddings, "is_available", lambda: True)
    monkeypatch.setattr(embeddings, "of_texts", of_texts)
    monkeypatch.setattr(embeddings, "known", lambda texts: of_texts(texts, ""))


@pytest.mark.usefixtures("meaning")
def test_its_embedding_moves_from_wrong_papers_towards_right_ones(dance: Topic, archive: dict[str, Paper]) -> None:
    before = np.frombuffer(dance.vector, np.float16)
    assert dance.vector_model == MODEL
    assert before[0] > 0.9
    topic_maker.learn(dance, {archive["Robots that Grasp"].pk: False}, dance.phrases)
    after = np.frombuffer(dance.vector, np.float16)
    assert after[1] < before[1]
    assert profiles.of_topic(dance).vector == bytes(dance.vector)


@pytest.mark.usefixtures("meaning")
def test_an_embedding_of_another_model_is_not_used_and_made_again(dance: Topic) -> None:
    Topic.objects.filter(pk=dance.pk).update(vector_model="older")
    dance.refresh_from_db()
    assert profiles.of_topic(dance).vector == b""
    assert topic_maker.relearn_outdated() == 1
    dance.refresh_from_db()
    assert profiles.of_topic(dance).vector
    assert topic_maker.relearn_outdated() == 0
