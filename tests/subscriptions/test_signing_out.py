"""Links that a reader can sign out, and links that always work."""

import uuid
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from digest.email import reader_urls
from digest.email.batch.composer import Composer, DueDelivery
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber
from subscriptions.notices import queue
from subscriptions.readers import address_change, lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose
from tests.conftest import NOW, make_reader
from tests.subscriptions.conftest import path_of, stored, token_to_move

pytestmark = [pytest.mark.usefixtures("now"), pytest.mark.django_db]

UID = uuid.UUID(int=0x5EED)
# A token without a generation, made with the SECRET_KEY "old".
OLD_TOKENS = {
    Purpose.PREFERENCES: "AAAAAAAAAAAAAAAAAABe7QDY0VExCnZw9cq7cxvOIVwc",
    Purpose.FEED: "AAAAAAAAAAAAAAAAAABe7X2d0kY8saVIwAjcdW0rXLy4",
    Purpose.UNSUBSCRIBE: "AAAAAAAAAAAAAAAAAABe7WIw0YHPTDwhgVOKGoBD9XNI",
    Purpose.OPINION: "AAAAAAAAAAAAAAAAAABe7QAA0AAAAAAAHSIvUVmzjev8rMC240TQa4pw",
    Purpose.DIGEST: "AAAAAAAAAAAAAAAAAABe7QAA0AAAAAAAH0JGn45cvp-dLZmOb0CSFkYQ",
}


def sign_out(visitor: Client, reader: Subscriber) -> Any:
    return visitor.post(path_of(Purpose.PREFERENCES, reader) + "sign-out/")


def opinion_path(reader: Subscriber, edition: Edition) -> str:
    token = reader_urls.opinion_url(reader, edition.pk).rstrip("/").rpartition("/")[2]
    return f"/digests/{token}/papers/{edition.papers.all()[0].pk}/"


def feed_path(reader: Subscriber) -> str:
    return f"/feeds/personal/{link_tokens.make_token(Purpose.FEED, reader)}.atom"


@pytest.mark.parametrize("purpose", OLD_TOKENS)
def test_it_reads_links_of_emails_from_before_there_were_generations(settings: Any, purpose: Purpose) -> None:
    settings.SECRET_KEY = "old"
    link = link_tokens.read(purpose, OLD_TOKENS[purpose])
    assert link.uid == UID
    assert link.is_current(Subscriber(uid=UID))
    about = (7).to_bytes(8) if purpose in (Purpose.OPINION, Purpose.DIGEST) else b""
    assert link.about == about
    assert link_tokens.make_token(purpose, Subscriber(uid=UID), about) == OLD_TOKENS[purpose]


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("generation", [0, 1, 255, 2**31 - 1])
@pytest.mark.parametrize("about", [b"", b"12345678"])
def test_it_distinguishes_generation_and_content(purpose: Purpose, generation: int, about: bytes) -> None:
    reader = Subscriber(uid=UID, link_generation=generation)
    token = link_tokens.make_token(purpose, reader, about)
    link = link_tokens.read(purpose, token)
    assert (link.uid, link.about) == (UID, about)
    assert link.is_current(reader)
    later = Subscriber(uid=UID, link_generation=generation + 1)
    assert link.is_current(later) == (purpose not in link_tokens.REVOCABLE)
    assert len(token) <= link_tokens.MAX_TOKEN_LENGTH


def test_it_signs_out_all_links_that_open_or_change_something(
    visitor: Client, alice: Subscriber, edition: Edition
) -> None:
    Delivery.objects.create(
        edition=edition,
        subscriber=alice,
        queued_at=NOW,
        not_before=NOW,
        sent_at=NOW,
        status="sent",
        papers={
            "for_you": [[edition.papers.all()[0].pk, 30]],
            "trending": [],
            "more": 0,
            "of": 1,
            "language": "en",
        },
    )
    settings_page = path_of(Purpose.PREFERENCES, alice)
    old = [settings_page, feed_path(alice), opinion_path(alice, edition), path_of(Purpose.CONFIRM, alice)]
    old += [settings_page + "learnt/", settings_page + "reading-list/", settings_page + "erase/"]
    assert {visitor.get(path).status_code for path in old} == {200}
    response = sign_out(visitor, alice)
    assert response.status_code == 200
    assert "You are signed out everywhere" in response.content.decode()
    alice.refresh_from_db()
    before = stored(alice)
    answers = [(path, visitor.get(path)) for path in old]
    answers += [(path, visitor.post(path, {"opinion": "like"})) for path in old if not path.startswith("/feeds")]
    for button in ("", "move/", "pause/", "sign-out/", "download/"):
        answers.append((button, visitor.post(settings_page + button, {"present": alice.email, "weeks": "4"})))
    for path, answer in answers:
        assert answer.status_code == 410, path
        shown = answer.content.decode()
        assert "This link is signed out" in shown
        assert 'href="/preferences/"' in shown, "a fresh link is offered"
        assert alice.email not in shown
    assert stored(alice) == before
    assert visitor.get(feed_path(alice)).status_code == 200
    assert visitor.get(opinion_path(alice, edition)).status_code == 200


def test_it_mails_the_new_link_and_shows_it_to_no_visitor(visitor: Client, alice: Subscriber) -> None:
    """A visitor with a forwarded digest may have pressed the button."""
    response = sign_out(visitor, alice)
    alice.refresh_from_db()
    assert link_tokens.make_token(Purpose.PREFERENCES, alice) not in response.content.decode()
    assert queue.send_pending(now=NOW) == 1
    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert path_of(Purpose.PREFERENCES, alice) in str(message.body)
    assert visitor.get(path_of(Purpose.PREFERENCES, alice)).status_code == 200


def test_it_says_so_in_the_readers_language(visitor: Client, alice: Subscriber) -> None:
    Subscriber.objects.update(language="de")
    old = path_of(Purpose.PREFERENCES, alice)
    assert "Überall ausloggen" in visitor.get(old).content.decode()
    sign_out(visitor, alice)
    assert "Dieser Link gilt nicht mehr" in visitor.get(old).content.decode()
    queue.send_pending(now=NOW)
    assert mail.outbox[0].subject == "Ihr neuer Link zu Daily Papers"


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}])
def test_it_unsubscribes_by_the_oldest_link(visitor: Client, alice: Subscriber, body: dict[str, str]) -> None:
    old = path_of(Purpose.UNSUBSCRIBE, alice)
    for _ in range(3):
        alice.refresh_from_db()
        sign_out(visitor, alice)
    assert visitor.post(old, body).status_code == 200
    assert stored(alice)["status"] == "unsubscribed"


def test_a_change_of_address_signs_out_the_links_in_the_old_mailbox(visitor: Client, alice: Subscriber) -> None:
    old = path_of(Purpose.PREFERENCES, alice)
    address_change.request_change(alice, "new@example.com", now=NOW)
    link = f"/change-address/{token_to_move(alice)}/"
    assert "no longer open your settings" in visitor.post(link).content.decode()
    assert visitor.get(old).status_code == 410
    assert visitor.post(link).status_code == 200, "a second press is no error"
    assert stored(alice)["link_generation"] == 1


def test_signing_out_calls_off_a_change_of_address(visitor: Client, alice: Subscriber) -> None:
    address_change.request_change(alice, "eve@example.org", now=NOW)
    link = f"/change-address/{token_to_move(alice)}/"
    sign_out(visitor, alice)
    assert visitor.post(link).status_code == 410
    assert stored(alice)["email"] == alice.email
    assert stored(alice)["owed"] == ["signed_out"]


def test_it_locks_no_suppressed_reader_out(visitor: Client, alice: Subscriber) -> None:
    """No new link could be emailed to them."""
    lifecycle.suppress(alice.email, "complained")
    path = path_of(Purpose.PREFERENCES, alice)
    assert "Sign out everywhere" not in visitor.get(path).content.decode()
    sign_out(visitor, alice)
    assert visitor.get(path).status_code == 200


def test_a_get_signs_nothing_out(visitor: Client, alice: Subscriber) -> None:
    assert visitor.get(path_of(Purpose.PREFERENCES, alice) + "sign-out/").status_code == 405
    assert stored(alice)["link_generation"] == 0


def test_digests_hold_links_of_the_readers_generation_without_another_query(
    edition: Edition, alice: Subscriber, django_assert_num_queries: Any, caplog: pytest.LogCaptureFixture
) -> None:
    Subscriber.objects.filter(pk=alice.pk).update(link_generation=2**31 - 1)
    alice.refresh_from_db()
    rows = []
    for reader in (alice, make_reader("ada@example.org", words="diffusion")):
        delivery = Delivery.objects.create(edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW)
        rows.append(DueDelivery(delivery.pk, edition.pk, reader.pk))
    composer = Composer()
    list(composer.compose(rows))
    assert not caplog.text, "the email put together from parts is the one that the templates make"
    with django_assert_num_queries(5):  # readers, filters, limits of filters, likes, and papers that were not for them
        made, _ = composer.compose(rows)
    wire = made.message or b""
    assert link_tokens.make_token(Purpose.PREFERENCES, alice).encode() in wire
    opinion = reader_urls.opinion_url(alice, edition.pk).rstrip("/").rpartition("/")[2]
    assert wire.count(opinion.encode()) > 1
    assert max(map(len, wire.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
