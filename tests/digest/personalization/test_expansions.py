"""Expansions of readers' texts, computed ahead, stored, and used by indexes and previews."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from digest.matching import Interest
from digest.matching.expansion import Expansion
from digest.models import ArchiveWords, Edition, Paper, TextExpansion
from digest.personalization import embeddings, expansions, paper_index
from subscriptions.models import Subscriber
from subscriptions.query.grammar import Criteria
from tests.conftest import NOW, TODAY, make_reader

ASKED = "assistants that click through screens"
MINUTE = 60.0


@pytest.fixture(autouse=True)
def by_words(settings: Any) -> Iterator[None]:
    settings.MATCH_BY_MEANING = False
    embeddings.is_available.cache_clear()
    yield
    embeddings.is_available.cache_clear()


@pytest.fixture
def archive(db: None) -> None:
    """Store an archive: papers on screens mention OSWorld."""
    screens = [("Assistants click screens", "Clicking through screens: OSWorld grounding.")] * 12
    others = [(f"Else {number}", f"Subject {number} of another kind.") for number in range(200)]
    Paper.objects.bulk_create(
        Paper(key=f"x:{number}", title=title, abstract=abstract, first_seen_at=NOW)
        for number, (title, abstract) in enumerate(screens + others)
    )


@pytest.fixture
def reader(db: None) -> Subscriber:
    return make_reader("ada@example.org", words=f"about: {ASKED}")


def interest(criteria: Criteria) -> Interest:
    return Interest("it", criteria)


def expand(now: dt.datetime = NOW, seconds: float = MINUTE) -> int:
    return expansions.expand_missing([], now=now, seconds=seconds)


@pytest.mark.usefixtures("archive", "reader")
def test_it_expands_each_text_once_and_again_when_it_is_old() -> None:
    assert [expand(), expand()] == [1, 0]
    (row,) = TextExpansion.objects.all()
    assert {word for _, _, word in row.words} == {"OSWorld", "grounding"}
    assert expand(NOW + expansions.RENEW + dt.timedelta(days=1)) == 1
    assert TextExpansion.objects.count() == 1


@pytest.mark.usefixtures("archive", "reader")
def test_it_stops_when_the_time_is_over() -> None:
    assert expand(seconds=-1) == 0


@pytest.mark.usefixtures("reader")
def test_a_small_archive_says_nothing() -> None:
    assert expand() == 0
    assert expansions.of_text(ASKED) is None


@pytest.mark.usefixtures("archive", "reader")
def test_an_index_looks_for_the_words_and_knows_which_are_usual() -> None:
    expand()
    assert ArchiveWords.objects.get().papers == 212
    day = [Paper(title="OSWorld grounding", abstract="Grounding for OSWorld. " * 3), Paper(title="Tomatoes")]
    index = paper_index.build_index(day, [])
    criteria = Criteria(sentence=ASKED)
    assert list(index.answer(interest(criteria), "more").scores) == [0]
    assert not index.answer(interest(criteria._replace(ignored=("OSWorld",))), "more").scores


@pytest.mark.usefixtures("archive", "reader")
def test_unused_expansions_are_deleted() -> None:
    expand()
    assert expansions.delete_unused(now=NOW + dt.timedelta(days=59)) == 0
    assert expansions.delete_unused(now=NOW + dt.timedelta(days=62)) == 1


@pytest.mark.usefixtures("archive", "reader")
def test_the_preview_shows_the_words_and_a_button_strikes_one_out(client: Client) -> None:
    edition = Edition.objects.create(day=NOW.date(), published_at=NOW)
    Paper.objects.filter(key="x:0").update(edition=edition)
    expand()
    page = client.post("/subscribe/preview/", {"words": f"about: {ASKED}"}).content.decode()
    assert "we also look for words that such papers share" in page
    assert 'aria-label="Do not look for OSWorld"' in page
    page = client.post("/subscribe/preview/", {"words": f"about: {ASKED}", "ignore": "OSWorld"}).content.decode()
    assert f"about: {ASKED}\nignore:OSWorld</textarea>" in page
    assert "Do not look for" not in page


@pytest.mark.usefixtures("archive", "reader")
def test_texts_that_differ_only_in_the_order_of_ignored_words_are_looked_up_alike() -> None:
    expansions._store((ASKED, ("a", "b")), Expansion(), TODAY)
    asked = [(ASKED, ("a", "b")), (ASKED, ("b", "a")), (ASKED, ())]
    assert [found is not None for found in expansions.earlier_papers().expansions(asked)] == [True, True, False]


@pytest.mark.usefixtures("archive")
def test_it_expands_topics_with_examples() -> None:
    learned = Interest("Screens", Criteria(quoted=("screens",)), ASKED, vector=bytes(768))
    other = Interest("Chess", Criteria(quoted=("chess",)), "Chess: all of its openings")
    assert expansions.expand_missing([learned, other], now=NOW, seconds=MINUTE) == 1
    assert expansions.of_text(ASKED) is not None
