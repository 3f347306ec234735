"""Emails as bytes that are ready to send."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest.email.batch import composer
from digest.email.batch.composer import NOTHING_MATCHED, ComposedEmail, Composer, DueDelivery
from digest.matching import Index
from digest.models import Delivery, Edition, Paper, TextExpansion
from subscriptions.models import Brand, Subscriber
from tests.conftest import NOW, make_reader


def make_row(edition: Edition, reader: Subscriber) -> DueDelivery:
    delivery = Delivery.objects.create(edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW)
    return DueDelivery(delivery.pk, edition.pk, reader.pk)


def composed(edition: Edition, *readers: Subscriber) -> list[ComposedEmail]:
    return list(Composer().compose([make_row(edition, reader) for reader in readers]))


def test_it_makes_an_email_that_can_be_sent_unchanged(edition: Edition, alice: Subscriber) -> None:
    made = composed(edition, alice)[0]
    assert (made.address, made.sender) == ("alice@example.org", "digest@papers.example.org")
    assert made.message is not None
    assert made.message.isascii()
    assert b"\n" not in made.message.replace(b"\r\n", b"")
    assert made.reason == ""


def test_it_records_the_papers_and_their_reasons(edition: Edition, alice: Subscriber) -> None:
    papers = composed(edition, alice)[0].papers
    ids = {paper.title: paper.pk for paper in edition.papers.all()}
    assert [told[:2] for told in papers["for_you"]] == [
        [ids["Faster Diffusion"], 20],
        [ids["Reinforcement Learning at Scale"], 30],
    ]
    assert papers["for_you"][0][2] == [
        "Your words",
        "by",
        "Ada Lovelace",
        "authors",
        "p",
        ("Diffusion", "diffusion"),
        "t",
    ]
    assert (papers["trending"], papers["more"], papers["of"]) == ([], 0, 3)


def test_it_makes_no_email_if_nothing_matches(edition: Edition) -> None:
    made = composed(edition, make_reader("other@example.org", words="submarines"))[0]
    assert (made.message, made.reason, made.problem) == (None, NOTHING_MATCHED, None)


def test_it_keeps_the_order_of_the_rows(edition: Edition, alice: Subscriber) -> None:
    readers = [make_reader(f"reader{n}@example.org", words="diffusion") for n in range(3)]
    rows = [make_row(edition, reader) for reader in (*readers, alice)][::-1]
    assert [made.delivery_id for made in Composer().compose(rows)] == [row.delivery_id for row in rows]


def test_it_makes_the_others_if_one_cannot_be_made(
    edition: Edition, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = DueDelivery(0, edition.pk, 0)
    first, second = Composer().compose([gone, make_row(edition, alice)])
    assert first.message is None
    assert first.problem is not None
    assert second.message is not None


@pytest.fixture
def a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that was read counts as stale."""
    monkeypatch.setattr(composer, "REREAD_AFTER", -1)


@pytest.mark.usefixtures("a_minute_later")
def test_it_notices_what_was_changed_or_hidden_within_a_minute(edition: Edition, alice: Subscriber) -> None:
    composer, row = Composer(), make_row(edition, alice)
    assert b"Faster Diffusion" in (next(composer.compose([row])).message or b"")
    Paper.objects.filter(title="Faster Diffusion").update(is_hidden=True)
    Edition.objects.update(note_before="Good morning")
    later = next(composer.compose([row])).message or b""
    assert b"Faster Diffusion" not in later
    assert b"Good morning" in later


@pytest.mark.usefixtures("a_minute_later")
def test_it_keeps_its_parts_while_nothing_changes(edition: Edition, alice: Subscriber) -> None:
    composer, row = Composer(), make_row(edition, alice)
    list(composer.compose([row]))
    before = dict(composer._editions)
    list(composer.compose([row]))
    assert composer._editions == before


def test_it_makes_emails_in_the_current_theme(edition: Edition, alice: Subscriber) -> None:
    composer, row = Composer(), make_row(edition, alice)
    assert b"From: Daily Papers <" in (next(composer.compose([row])).message or b"")
    Brand.objects.create(name="Morning Reading")
    made = next(composer.compose([row]))
    assert b"From: Morning Reading <" in (made.message or b"")
    assert made.sender == "digest@papers.example.org"


def test_it_looks_up_the_texts_of_many_readers_in_one_query(edition: Edition) -> None:
    readers = [make_reader(f"reader{n}@example.org", words=f"diffusion of particles {n}") for n in range(4)]
    rows = [make_row(edition, reader) for reader in readers]
    with CaptureQueriesContext(connection) as queries:
        assert all(made.message for made in Composer().compose(rows))
    assert sum(TextExpansion._meta.db_table in query["sql"] for query in queries.captured_queries) == 1


def test_it_makes_each_email_that_it_can_if_they_cannot_be_prepared_together(
    edition: Edition, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Index, "prepare", None)
    assert composed(edition, alice)[0].message is not None
