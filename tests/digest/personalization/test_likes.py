"""Papers close to what a reader liked or saved are a filter of its own."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from django.core.serializers.json import DjangoJSONEncoder

from digest.email.batch.recipients import Recipient, RecipientLoader
from digest.email.reason_line import reason_line
from digest.email.reasons import why
from digest.matching import Index, Match
from digest.models import LearnedLikes, Paper, Vector
from digest.opinions import feedback, reading_list
from digest.personalization import embeddings, likes, paper_index, profiles, snapshot
from digest.personalization.digest_selection import Digest, compose
from digest.personalization.like_filter import LIKES
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import personal_data
from tests.conftest import NOW, TODAY, make_reader

OTHERS = (
    "Robots that Fold Laundry|Grippers learn to fold towels and shirts from demonstrations at home.",
    "Pricing Options with Networks|Volatility surfaces of stock options are priced by neural solvers.",
    "Galaxies in Weak Lensing|Halo profiles of distant clusters are inferred from shear maps.",
    "Speech for Rare Languages|Recognition of spoken words with little transcribed audio.",
    "Proteins that Bind|Equivariant models predict docking of molecules at binding sites.",
    "Traffic Lights that Learn|Reinforcement at crossings shortens queues of cars.",
    "Poems by Machines|Meter and rhyme are checked in generated verse.",
    "Crops from Space|Satellite images tell yields of wheat and maize.",
    "Faster Compilers|Register allocation by integer programs in build systems.",
    "Chess without Search|A transformer plays moves from positions alone.",
)
WHALES = "Humpback Whale Songs|Underwater microphones record the songs of humpback whales near the arctic."
MORE_WHALES = "Songs of Blue Whales|Underwater microphones in the arctic record songs of blue whales for years."


class FakeEncoder:
    """An encoder for tests: a text's embedding is the sum of its words' random vectors."""

    def __init__(self, salt: str) -> None:
        self._salt = salt
        self.texts = 0

    def encode(self, texts: list[str]) -> Any:
        self.texts += len(texts)
        return np.array([self._embed(text) for text in texts], np.float32)

    def _embed(self, text: str) -> Any:
        words = {word.strip(".").lower() for word in text.split()}
        seeds = (crc32(f"{self._salt}{word}".encode()) for word in sorted(words))
        total = np.sum([np.random.default_rng(seed).normal(size=384) for seed in seeds], axis=0) + 2.0
        return total / np.linalg.norm(total)


@pytest.fixture(params=["words", "meaning"])
def encoder(request: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEncoder]:
    """Run the test by words alone, and with embeddings."""
    settings.MATCH_BY_MEANING = request.param == "meaning"
    fake = FakeEncoder("first")
    use(monkeypatch, fake, "first")
    yield fake
    embeddings.is_available.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, fake: FakeEncoder, name: str) -> None:
    embeddings.is_available.cache_clear()
    monkeypatch.setattr("digest.personalization.embeddings.missing_packages", list)
    monkeypatch.setattr("digest.matching.encoder.load", lambda: fake)
    for module in ("embeddings", "likes"):
        monkeypatch.setattr(f"digest.personalization.{module}.MODEL", name)


def make_paper(number: int, text: str, votes: int = 0) -> Paper:
    title, abstract = text.split("|")
    key = f"arxiv:2608.{number:05}"
    return Paper.objects.create(key=key, title=title, url="https://arxiv.org", abstract=abstract, votes=votes)


@pytest.fixture
def papers(db: None, encoder: FakeEncoder) -> list[Paper]:
    """Make papers of the day before, the last of them about whales."""
    made = [make_paper(number, text) for number, text in enumerate((*OTHERS, WHALES))]
    paper_index.build_index(made)  # computes their embeddings
    return made


@pytest.fixture
def ada(papers: list[Paper]) -> Subscriber:
    topic = Topic.objects.create(slug="chess", name="Chess", group="Games", phrases=["chess"])
    return make_reader("ada@example.org", topics=[topic])


def next_day() -> Index:
    """Make the papers of the next day, one of them about whales."""
    texts = [text.replace("|", " Again|").replace("Chess", "Go") for text in OTHERS]
    return paper_index.build_index([make_paper(100 + n, text) for n, text in enumerate((*texts, MORE_WHALES))])


def digest_of(reader: Subscriber, index: Index) -> Digest:
    return compose(index, profiles.profile_of(Subscriber.objects.get(pk=reader.pk)), TODAY)


def titles(matches: tuple[Match, ...]) -> list[str]:
    return [found.paper.title for found in matches]


def test_a_like_of_a_paper_that_no_filter_found_brings_a_close_one_the_next_day(
    ada: Subscriber, papers: list[Paper]
) -> None:
    index = next_day()
    assert digest_of(ada, index).for_you == ()
    feedback.rate(ada, papers[-1], "like", now=NOW)
    (found,) = digest_of(ada, index).for_you
    assert found.paper.title == "Songs of Blue Whales"
    (finding,) = found.findings
    assert (finding.interest, why(finding)) == (
        LIKES, "Close to what you liked or saved: close to “Humpback Whale Songs”, which you liked",
    )  # fmt: skip
    assert reason_line([finding]) == "Close to “Humpback Whale Songs”, which you liked"


def test_what_is_close_to_likes_comes_before_the_most_voted_if_the_reader_follows_nothing(papers: list[Paper]) -> None:
    bob = make_reader("bob@example.org", one_list=False)
    feedback.rate(bob, papers[-1], "like", now=NOW)
    digest = digest_of(bob, next_day())
    assert titles(digest.for_you)[0] == "Songs of Blue Whales"
    assert len(digest.for_you) > 1
    assert not digest.is_grouped


def test_a_saved_paper_counts_as_a_like_until_it_is_removed(ada: Subscriber, papers: list[Paper]) -> None:
    index = next_day()
    reading_list.save(ada, papers[-1], now=NOW)
    (found,) = digest_of(ada, index).for_you
    assert reason_line(found.findings) == "Close to “Humpback Whale Songs”, which you saved"
    reading_list.remove(ada, papers[-1], now=NOW)
    assert digest_of(ada, index).for_you == ()
    reading_list.save(ada, papers[-1], now=NOW)
    assert titles(digest_of(ada, index).for_you) == ["Songs of Blue Whales"]


def test_a_dislike_counts_more_than_a_save(ada: Subscriber, papers: list[Paper]) -> None:
    reading_list.save(ada, papers[-1], now=NOW)
    feedback.rate(ada, papers[-1], "not-for-me", now=NOW)
    assert digest_of(ada, next_day()).for_you == ()


def test_readers_who_say_no_get_nothing_by_their_likes(ada: Subscriber, papers: list[Paper]) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    feedback.follow_likes(ada, False)
    assert digest_of(ada, next_day()).for_you == ()
    assert likes.of_readers([ada.pk]) == {}


def test_a_liked_paper_does_not_come_again(ada: Subscriber, papers: list[Paper]) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    assert papers[-1] not in [found.paper for found in digest_of(ada, paper_index.build_index(papers)).for_you]


def test_exclusions_and_least_votes_hold_for_likes_too(ada: Subscriber, papers: list[Paper]) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    index = next_day()
    for words, found in (("-microphones", []), ("votes:5", []), ("robots", ["Songs of Blue Whales"])):
        ada.filters.filter(topic=None).delete()
        ada.filters.create(words=words)
        assert [title for title in titles(digest_of(ada, index).for_you) if "Whales" in title] == found


def test_not_for_me_never_lowers_what_is_unlike_it(ada: Subscriber, papers: list[Paper]) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    index = next_day()
    before = titles(digest_of(ada, index).for_you)
    feedback.rate(ada, papers[0], "not-for-me", now=NOW)
    assert titles(digest_of(ada, index).for_you) == before


def test_the_effect_is_the_same_after_61_days(ada: Subscriber, papers: list[Paper], encoder: FakeEncoder) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    later = NOW + dt.timedelta(days=61)
    Vector.objects.update(used_on=TODAY - dt.timedelta(days=61))
    embeddings.delete_unused(now=NOW, needed=likes.rated_texts)
    assert Vector.objects.count() == (1 if encoder.texts else 0)
    index = next_day()
    assert titles(digest_of(ada, index).for_you) == ["Songs of Blue Whales"]
    robots = make_paper(300, OTHERS[0].replace("|", " Once More|"))
    paper_index.build_index([robots])
    feedback.rate(ada, robots, "like", now=later)  # learns again, also from the old like
    assert not LearnedLikes.objects.get().is_outdated
    assert "Songs of Blue Whales" in titles(digest_of(ada, index).for_you)


def test_it_learns_later_if_an_embedding_is_missing(ada: Subscriber, papers: list[Paper], encoder: FakeEncoder) -> None:
    if not encoder.texts:
        pytest.skip("there are no embeddings")
    Vector.objects.all().delete()
    feedback.rate(ada, papers[-1], "like", now=NOW)
    assert feedback.learned_from(ada).waits
    assert likes.learn_outdated(now=NOW, seconds=60) == 1
    assert not feedback.learned_from(ada).waits
    assert titles(digest_of(ada, next_day()).for_you) == ["Songs of Blue Whales"]


def test_it_survives_a_change_of_the_sentence_model(
    ada: Subscriber, papers: list[Paper], encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    if not encoder.texts:
        pytest.skip("there are no embeddings")
    use(monkeypatch, FakeEncoder("second"), "second")
    index = next_day()
    assert "Songs of Blue Whales" in titles(digest_of(ada, index).for_you)  # by words, until it is learned again
    before = bytes(LearnedLikes.objects.get().meaning)
    assert likes.learn_outdated(now=NOW, seconds=60) == 1
    assert likes.learn_outdated(now=NOW, seconds=60) == 0
    row = LearnedLikes.objects.get()
    assert (row.encoder, bytes(row.meaning) == before) == ("second", False)
    assert titles(digest_of(ada, index).for_you) == ["Songs of Blue Whales"]


def test_the_batch_path_reads_the_same_likes(ada: Subscriber, papers: list[Paper]) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    recipient = RecipientLoader().read([ada.pk])[ada.pk]
    assert isinstance(recipient, Recipient)
    one, other = recipient.profile.likes, profiles.profile_of(ada).likes
    assert one
    assert other
    assert one.examples == other.examples
    assert np.array_equal(one.model.words.weights, other.model.words.weights)


def test_likes_of_many_readers_take_few_queries(papers: list[Paper], django_assert_max_num_queries: Any) -> None:
    readers = [make_reader(f"r{number}@example.org") for number in range(5)]
    for reader, paper in zip(readers, papers, strict=False):
        feedback.rate(reader, paper, "like", now=NOW)
    with django_assert_max_num_queries(4):
        assert len(likes.of_readers([reader.pk for reader in readers])) == 5


def test_a_model_is_a_few_kilobytes(ada: Subscriber, papers: list[Paper]) -> None:
    for paper in papers[:8]:
        feedback.rate(ada, paper, "like", now=NOW)
    row = LearnedLikes.objects.get()
    assert sum(len(bytes(value)) for value in (row.meaning, row.buckets, row.weights)) < 5_000


def test_what_was_learned_is_exported_and_erased(ada: Subscriber, papers: list[Paper]) -> None:
    feedback.rate(ada, papers[-1], "like", now=NOW)
    exported = json.loads(json.dumps(personal_data.export(ada, now=NOW), cls=DjangoJSONEncoder))
    (row,) = exported["learned likes"]
    assert row["examples"] == [[papers[-1].pk, "liked"]]
    personal_data.erase(ada)
    assert not LearnedLikes.objects.exists()


def test_the_page_shows_what_a_liked_paper_brought(ada: Subscriber, papers: list[Paper]) -> None:
    from digest.models import Delivery, Edition

    feedback.rate(ada, papers[-1], "like", now=NOW)
    edition = Edition.objects.create(day=TODAY, published_at=NOW)
    record = snapshot.record(digest_of(ada, next_day()), "daily", "en")
    Delivery.objects.create(
        edition=edition, subscriber=ada, queued_at=NOW, not_before=NOW, status="sent", sent_at=NOW, papers=record
    )
    (taught,) = feedback.learned_from(ada).taught
    assert [paper.title for paper in taught.brought] == ["Songs of Blue Whales"]


def test_a_record_of_a_former_digest_has_the_present_label() -> None:
    record = {"for_you": [[1, 3, ["Papers like those you liked", "liked", "Humpback Whale Songs", "liked"]]]}
    (finding,) = snapshot.findings(record, 1)
    assert (finding.interest, finding.reasons[0].interest) == (LIKES, LIKES)
    assert reason_line([finding]) == "Close to “Humpback Whale Songs”, which you liked"
