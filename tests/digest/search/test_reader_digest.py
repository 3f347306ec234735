"""One reader, one day: every place that shows the digest shows the same papers, whatever arrives meanwhile."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client

from digest.email import email_sample, rendering, welcome
from digest.email.batch.composer import Composer, DueDelivery
from digest.matching.assembly import text_of
from digest.matching.expansion import Expansion, ExpansionWord
from digest.matching.tokens import families_of
from digest.models import ArchiveWords, Delivery, Edition, Opinion, Paper
from digest.opinions import feedback, reading_list
from digest.personalization import embeddings, expansions
from digest.search import digest_preview, index_cache, reader_digest
from digest.views import for_you
from subscriptions import brand
from subscriptions.models import Subscriber, Topic
from subscriptions.readers.preferences import Preferences
from tests.conftest import NOW, make_reader
from tests.subscriptions.security.test_reader_session import sign_in

MOST = 3  # papers
MAX_QUERIES = 20  # of a page for a signed-in reader
pytestmark = pytest.mark.one_database

ASKED = "theorem provers that check themselves"
WORDS = f"diffusion, {ASKED}"


@pytest.fixture
def by_meaning(settings: Any, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[None]:
    """Compare texts by meaning. No model is loaded: texts are close if they are about proofs."""

    def encode(texts: list[str]) -> Any:
        rows = np.array([np.random.default_rng(len(text)).normal(size=384) for text in texts], np.float32)
        rows[[text.startswith(("Proofs", ASKED)) for text in texts], 0] += 40
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    monkeypatch.setattr("digest.matching.encoder.load", lambda: type("Encoder", (), {"encode": staticmethod(encode)}))
    settings.MATCH_BY_MEANING = True
    embeddings.is_available.cache_clear()
    embeddings.of_texts(["x" * number for number in range(2 * embeddings.BACKGROUND)], embeddings.Kind.PAPER)
    yield
    embeddings.is_available.cache_clear()


@pytest.fixture
def ada(busy: Edition, now: dt.datetime) -> Subscriber:
    return make_reader("ada@example.org", words=WORDS, max_papers=MOST)


def places(reader: Subscriber, edition: Edition) -> dict[str, set[str]]:
    """Return the titles of the papers in the reader's digest, by the place that shows it."""
    wanted = Preferences(words=WORDS, max_papers=reader.max_papers, frequency=reader.frequency)
    preview = digest_preview.preview(wanted, reader).digests[0]
    today = email_sample.preview_email(brand.current(), edition, reader=reader).digest
    shown = for_you._context(reader, edition)
    first = welcome._digest_for(reader, edition)
    found = {
        "the preview": titles(preview),
        "the admin": titles(today),
        "For you": {paper.title for paper, _ in shown["for_you"]},
        "the email": emailed(reader, edition),
    }
    return found | ({"the welcome": titles(first)} if first else {})


def ask_for_all(reader: Subscriber) -> None:
    reader.max_papers = 25
    reader.save()


def titles(digest: Any) -> set[str]:
    return {match.paper.title for match in digest.for_you}


def emailed(reader: Subscriber, edition: Edition) -> set[str]:
    """Return the titles of the papers in the email that a worker sends now."""
    delivery, _ = Delivery.objects.get_or_create(
        edition=edition, subscriber=reader, defaults={"queued_at": NOW, "not_before": NOW}
    )
    (email,) = Composer().compose([DueDelivery(delivery.pk, edition.pk, reader.pk)])
    return set(Paper.objects.filter(pk__in=[row[0] for row in email.papers["for_you"]]).values_list("title", flat=True))


def agreed(reader: Subscriber, edition: Edition) -> set[str]:
    """Return the titles that all places show. Fail if any two differ."""
    emailed(reader, edition)  # the worker computes the embeddings that are missing
    found = places(reader, edition)
    assert len(set(map(frozenset, found.values()))) == 1, found
    return found["the email"]


@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_all_places_show_the_same_papers(ada: Subscriber, busy: Edition, frequency: str) -> None:
    ada.frequency = frequency
    ada.save()
    assert len(agreed(ada, busy)) == MOST


@pytest.mark.usefixtures("by_meaning")
def test_they_still_agree_once_embeddings_arrive(ada: Subscriber, busy: Edition) -> None:
    ask_for_all(ada)
    before = titles(reader_digest.of_edition(ada, busy))
    assert reader_digest.of_edition(ada, busy).waiting == 40
    embeddings.of_texts(map(text_of, busy.papers.all()[:30]), embeddings.Kind.PAPER)
    assert reader_digest.of_edition(ada, busy).waiting == 10
    after = agreed(ada, busy)
    assert reader_digest.of_edition(ada, busy).waiting == 0
    assert after != before


@pytest.mark.usefixtures("by_meaning")
def test_new_papers_of_another_day_change_no_score(ada: Subscriber, busy: Edition) -> None:
    before = agreed(ada, busy)
    ids = embeddings.background_ids()
    embeddings.of_texts(["Of another day", "Of another day, too"], embeddings.Kind.PAPER)
    assert embeddings.background_ids() == ids
    assert agreed(ada, busy) == before


def test_a_paper_that_is_not_for_the_reader_makes_room_everywhere(ada: Subscriber, busy: Edition) -> None:
    before = agreed(ada, busy)
    paper = Paper.objects.get(title=min(before))
    Opinion.objects.create(subscriber=ada, paper=paper, verdict="not-for-me", said_at=NOW)
    after = agreed(ada, busy)
    assert paper.title not in after
    assert len(after) == MOST


def test_they_agree_after_a_like(ada: Subscriber, busy: Edition) -> None:
    liked = Paper.objects.exclude(title__in=agreed(ada, busy)).first()
    assert liked is not None
    feedback.rate(ada, liked, "like", now=NOW)
    assert len(agreed(ada, busy)) == MOST


def test_they_see_a_new_expansion_at_once(ada: Subscriber, busy: Edition) -> None:
    ArchiveWords.objects.create(papers=40, counts={}, made_on=NOW.date())
    agreed(ada, busy)
    (family,) = families_of("proofs")
    expansions._store((ASKED, ()), Expansion((ExpansionWord(family, 5.0, "proofs"),)), NOW.date())
    ArchiveWords.objects.update(expanded_at=NOW + dt.timedelta(minutes=5))
    agreed(ada, busy)
    (found,) = index_cache.last().indexes[0].corpus.earlier.expansions([(ASKED, ())])
    assert found is not None
    assert found.words[0].word == "proofs"


@pytest.mark.usefixtures("by_meaning")
@pytest.mark.parametrize("path", ["/", "/for-you/"])
def test_the_pages_of_a_reader_with_likes_saves_and_follows_take_few_queries(
    client: Client, busy: Edition, path: str, django_assert_max_num_queries: Any
) -> None:
    Topic.objects.create(slug="proofs", name="Proofs", group="Proofs", phrases=["proofs"])
    broader = Topic.objects.create(slug="all-proofs", name="All proofs", group="Proofs", narrower=["proofs"])
    reader = make_reader("max@example.org", topics=[broader], words=WORDS)
    liked, saved, unwanted = busy.papers.all()[:3]
    feedback.rate(reader, liked, "like", now=NOW)
    feedback.rate(reader, unwanted, "not-for-me", now=NOW)
    reading_list.save(reader, saved, now=NOW)
    sign_in(client, reader)
    client.get(path)  # fills caches
    with django_assert_max_num_queries(MAX_QUERIES):
        client.get(path)


def test_a_digest_is_rendered_with_all_columns_of_its_papers(ada: Subscriber, busy: Edition) -> None:
    digest = reader_digest.with_whole_papers(reader_digest.of_edition(ada, busy))
    assert not any(match.paper.get_deferred_fields() for match in digest.matches)  # type: ignore[attr-defined]
    urls = {"preferences_url": "https://p.example/", "unsubscribe_url": "https://p.example/"}
    assert min(titles(digest))[:8] in rendering.render(digest, busy, subscriber=ada, **urls).html
