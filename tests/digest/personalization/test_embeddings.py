"""Embeddings are computed once, stored and found again. Matching works without them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client

from digest.matching import Interest
from digest.matching.assembly import text_of
from digest.matching.similarity import DIMENSIONS
from digest.models import Edition, Vector
from digest.ops.system_checks import check_meaning
from digest.personalization import embeddings, paper_index
from digest.personalization.digest_selection import QueryProfile, compose
from subscriptions.models import Topic
from subscriptions.query.grammar import Criteria
from tests.conftest import NOW, TODAY

REWARDS = "agents that learn what to do from praise and blame"


@pytest.fixture(autouse=True)
def by_meaning(settings: Any) -> Iterator[None]:
    settings.MATCH_BY_MEANING = True
    embeddings.is_available.cache_clear()
    yield
    embeddings.is_available.cache_clear()


def ask(sentence: str) -> QueryProfile:
    return QueryProfile((Interest("it", Criteria(sentence=sentence)),), amount="more")


@pytest.mark.usefixtures("db")
def test_it_computes_an_embedding_once_and_stores_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first = embeddings.of_texts([REWARDS, REWARDS], embeddings.Kind.ASKED)[REWARDS]
    assert np.linalg.norm(first) == pytest.approx(1, abs=0.001)
    assert len(bytes(Vector.objects.get().values)) == 768
    monkeypatch.setattr("digest.matching.encoder.load", None)  # nothing may be encoded from here on
    again = embeddings.of_texts([REWARDS], embeddings.Kind.ASKED)[REWARDS]
    assert np.array_equal(first, again)


def test_it_matches_by_meaning_and_says_so(edition: Edition) -> None:
    index = paper_index.build_index(edition.papers.order_by("pk"))
    assert index.corpus.embedding_space
    ranked = index.rank(ask(REWARDS).interests[0])
    assert index.papers[ranked[0][1]].title == "Reinforcement Learning at Scale"
    (best, *_) = index.findings(ask("reinforcement learning at a large scale").interests[0], "more").values()
    assert ("meaning", "reinforcement learning at a large scale") in {(r.kind, r.found) for r in best.reasons}


def test_it_reads_the_embeddings_of_many_texts_in_one_query(edition: Edition, django_assert_num_queries: Any) -> None:
    names = ["agents that learn", "rewards for robots", "models of the world"]
    embeddings.of_texts(names, embeddings.Kind.ASKED)
    index = paper_index.build_index(edition.papers.order_by("pk"))
    with django_assert_num_queries(2):  # of the embeddings and of the expansions
        index.prepare(Interest("it", Criteria(phrases=(name,))) for name in names)
    with django_assert_num_queries(0):
        assert all(index.corpus.vector(name) is not None for name in names)


def test_it_says_what_is_close_of_a_name_beside_a_sentence(edition: Edition) -> None:
    name = "reinforcement learning at a large scale"
    asked = Interest("it", Criteria(phrases=(name, "tax law"), sentence="how to cook pasta for many guests"))
    (best, *_) = paper_index.build_index(edition.papers.order_by("pk")).findings(asked, "more").values()
    assert [reason.found for reason in best.reasons if reason.kind == "meaning"] == [name]


def test_a_page_does_without_embeddings_until_they_exist(edition: Edition) -> None:
    papers = list(edition.papers.all())
    Vector.objects.all().delete()
    assert paper_index.build_index(papers, for_page=True).corpus.embedding_space is None
    assert paper_index.embed_ahead(now=NOW, seconds=60) == 3
    assert paper_index.embed_ahead(now=NOW, seconds=60) == 0
    index = paper_index.build_index(papers, for_page=True)
    compose(index, ask(REWARDS), TODAY)
    assert index.corpus.embedding_space
    assert set(Vector.objects.values_list("kind", flat=True)) == {"paper"}  # a visitor's query is not stored


def test_it_matches_on_words_alone_where_packages_are_missing(
    edition: Edition, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    embeddings.is_available.cache_clear()
    monkeypatch.setattr("digest.personalization.embeddings.missing_packages", lambda: ["tokenizers"])
    monkeypatch.setattr("digest.ops.system_checks.missing_packages", lambda: ["tokenizers"])
    index = paper_index.build_index(edition.papers.all())
    assert index.corpus.embedding_space is None
    assert compose(index, ask("reinforcement learning at scale"), TODAY).for_you
    assert "Matching works on words alone: tokenizers not installed" in caplog.text
    (warning,) = check_meaning(None)
    assert warning.id == "digest.W005"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("has_meaning", [True, False])
def test_pages_speak_of_meaning_where_texts_are_compared_by_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, has_meaning: bool
) -> None:
    monkeypatch.setattr(
        "digest.personalization.embeddings.missing_packages", lambda: [] if has_meaning else ["tokenizers"]
    )
    topic = Topic.objects.create(slug="sea", name="Sea", group="Home", phrases=["sea"])
    said = {
        "/subscribe/": ("close in meaning to a sentence", "papers with the telling words of a sentence"),
        "/search/": ("closest in meaning first", "papers with the telling words of a sentence"),
        f"/topics/{topic.slug}/": ("judged by their words and meaning", "judged by their words. Typical"),
    }
    for path, either in said.items():
        page = client.get(path, follow=True).content.decode()
        assert [text in page for text in either] == [has_meaning, not has_meaning]


def test_a_changed_text_has_another_embedding(edition: Edition) -> None:
    paper_index.build_index(edition.papers.all())
    paper = edition.papers.all()[0]
    assert embeddings.known([text_of(paper)])
    paper.abstract = "Something else."
    assert not embeddings.known([text_of(paper)])


@pytest.mark.usefixtures("db", "now")
def test_it_deletes_unused_embeddings() -> None:
    embeddings.of_texts(["long ago", "of late"], embeddings.Kind.ASKED)
    old = Vector.objects.filter(key=embeddings.key_of("long ago"))
    old.update(used_on=TODAY - dt.timedelta(days=61))
    assert embeddings.delete_unused(now=NOW) == 1
    assert set(embeddings.known(["long ago", "of late"])) == {"of late"}


@pytest.mark.usefixtures("db", "now")
def test_it_keeps_embeddings_in_use() -> None:
    embeddings.of_texts(["in use"], embeddings.Kind.ASKED)
    Vector.objects.update(used_on=TODAY - dt.timedelta(days=50))
    embeddings.known(["in use"])
    assert Vector.objects.get().used_on == TODAY


@pytest.mark.usefixtures("db")
def test_an_empty_site_has_no_embeddings() -> None:
    assert embeddings.background().shape == (0, DIMENSIONS)
    assert not list(compose(paper_index.build_index([]), ask("anything at all"), TODAY).matches)


def stored(how_many: int) -> list[int]:
    """Store embeddings of new papers. Return the ids of all that are stored, the newest first."""
    known = Vector.objects.count()
    rows = [Vector(key=str(known + n), kind="paper", values=b"", used_on=TODAY) for n in range(how_many)]
    Vector.objects.bulk_create(rows)
    return list(Vector.objects.order_by("-pk").values_list("pk", flat=True))


@pytest.mark.usefixtures("db")
def test_papers_in_general_change_once_in_as_many_new_ones(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(embeddings, "BACKGROUND", 4)
    assert embeddings.background_ids() == []
    first = stored(3)
    assert embeddings.background_ids() == first
    ids = stored(20)
    with django_assert_num_queries(1):
        settled = embeddings.background_ids()
    assert settled == [pk for pk in ids if pk <= ids[0] - ids[0] % 4][:4]
    stored(3 - ids[0] % 4)
    assert embeddings.background_ids() == settled
    newest = stored(1)[0]
    assert embeddings.background_ids() == [newest, newest - 1, newest - 2, newest - 3]
