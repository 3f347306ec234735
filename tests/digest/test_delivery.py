"""One digest on its way: claimed, sent, recorded; and what happens when it does not go well."""

import datetime as dt
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from anymail.message import AnymailRecipientStatus
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest import delivery, editions, papers, planning
from digest.delivery import Sender
from digest.models import Delivery, Edition
from subscriptions import subscribers
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY, make_reader, make_record

Status = Delivery.Status


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Iterator[time_machine.Traveller]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def queued(edition: Edition, alice: Subscriber) -> Delivery:
    """Alice's digest of today's edition."""
    planning.plan_everyone(edition, now=NOW)
    return Delivery.objects.get()


def send() -> int:
    return delivery.send_queued(Delivery.objects.all())


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMessage, "send", refuse)


def test_it_sends_and_records(queued: Delivery) -> None:
    assert send() == 1
    queued.refresh_from_db()
    assert (queued.status, queued.sent_at, queued.attempts) == (Status.SENT, NOW, 1)
    # Best first; the survey would match twice, and she excluded surveys.
    assert [paper["paper"] for paper in queued.papers] == ["arxiv:2608.00002", "arxiv:2608.00001"]


def test_it_keeps_which_papers_went_out_and_why(queued: Delivery) -> None:
    send()
    queued.refresh_from_db()
    first = queued.papers[0]
    assert first["part"] == "for you"
    assert {"interest", "kind", "found", "where", "weight"} == set(first["reasons"][0])


@pytest.mark.usefixtures("queued")
def test_it_never_sends_the_same_digest_twice() -> None:
    assert [send(), send()] == [1, 0]
    assert len(mail.outbox) == 1


def test_it_skips_a_delivery_that_another_worker_claimed(queued: Delivery) -> None:
    Delivery.objects.update(status=Status.SENDING, claimed_at=NOW)
    assert Sender().deliver(queued.pk) is False
    assert mail.outbox == []


def test_it_claims_a_row_by_its_own_columns(queued: Delivery) -> None:
    with CaptureQueriesContext(connection) as captured:
        Sender().deliver(queued.pk)
    claim = captured[0]["sql"]
    # Not `WHERE id IN (SELECT …)`, which two workers on PostgreSQL can both pass.
    assert "UPDATE" in claim
    assert '"digest_delivery"."status" = \'queued\'' in claim.partition("(SELECT")[0]


@pytest.mark.usefixtures("queued")
def test_it_does_not_mail_a_reader_who_left_after_the_planning(alice: Subscriber) -> None:
    subscribers.unsubscribe(alice, now=NOW)
    assert send() == 0
    assert Delivery.objects.get().status == Status.SKIPPED


@pytest.mark.usefixtures("queued")
def test_it_does_not_mail_a_suppressed_address(alice: Subscriber) -> None:
    subscribers.suppress(alice.email, "complained")
    assert send() == 0
    assert mail.outbox == []


def test_it_sends_nothing_where_nothing_matches(edition: Edition) -> None:
    make_reader("quiet@example.org", words="submarines")
    planning.plan_everyone(edition, now=NOW)
    assert send() == 0
    assert (Delivery.objects.get().status, Delivery.objects.get().reason) == (Status.SKIPPED, delivery.NOTHING_MATCHED)


@pytest.mark.usefixtures("queued")
def test_it_tries_again_later_after_a_passing_fault(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    with monkeypatch.context() as broken:
        fail_with(broken, smtplib.SMTPDataError(451, b"try later"))
        send()
    row = Delivery.objects.get()
    assert (row.status, row.not_before) == (Status.QUEUED, NOW + dt.timedelta(minutes=5))
    assert "451 try later" in row.reason
    assert send() == 0  # not yet
    clock.move_to(NOW + dt.timedelta(minutes=5))
    assert send() == 1


@pytest.mark.usefixtures("queued")
def test_it_gives_up_after_five_tries(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    fail_with(monkeypatch, ConnectionRefusedError("refused"))
    for day in range(6):
        clock.move_to(NOW + dt.timedelta(days=day))
        send()
    row = Delivery.objects.get()
    assert (row.status, row.attempts) == (Status.FAILED, delivery.MAX_ATTEMPTS)


@pytest.mark.usefixtures("queued")
def test_it_fails_at_once_when_the_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"alice@example.org": (550, b"no such user")}))
    send()
    assert Delivery.objects.get().status == Status.FAILED


def test_it_keeps_one_bad_mail_from_stopping_the_others(
    edition: Edition, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reader("broken@example.org", words="diffusion")
    planning.plan_everyone(edition, now=NOW)
    healthy = Sender._compose

    def compose(self: Sender, row: Delivery) -> Any:
        if row.subscriber.email == "broken@example.org":
            raise RuntimeError("a bug")
        return healthy(self, row)

    monkeypatch.setattr(Sender, "_compose", compose)
    assert send() == 1
    assert [message.to for message in mail.outbox] == [[alice.email]]


def test_it_sends_again_what_a_dead_worker_left_with_the_same_message_id(queued: Delivery, clock: Any) -> None:
    send()
    first = mail.outbox[0].extra_headers["Message-ID"]
    # The worker died after the server took the mail, and before it was recorded.
    Delivery.objects.update(status=Status.SENDING, sent_at=None, claimed_at=NOW)
    assert delivery.requeue_stuck(now=NOW + delivery.LEASE) == 0
    clock.move_to(NOW + delivery.LEASE + dt.timedelta(seconds=1))
    assert delivery.requeue_stuck(now=NOW + delivery.LEASE + dt.timedelta(seconds=1)) == 1
    assert send() == 1
    assert mail.outbox[1].extra_headers["Message-ID"] == first


@pytest.mark.usefixtures("queued")
def test_it_stops_feeding_workers_to_a_deadly_delivery() -> None:
    Delivery.objects.update(status=Status.SENDING, claimed_at=NOW, attempts=delivery.MAX_ATTEMPTS)
    delivery.requeue_stuck(now=NOW + dt.timedelta(hours=1))
    assert Delivery.objects.get().status == Status.UNCERTAIN


@pytest.mark.usefixtures("queued")
def test_it_reads_the_refusal_that_a_provider_hides_in_a_success(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"

    def refused(self: Any, response: Any, payload: Any, message: Any) -> Any:

        return {"alice@example.org": AnymailRecipientStatus("1", "failed")}

    monkeypatch.setattr("anymail.backends.test.EmailBackend.parse_recipient_status", refused)
    assert send() == 0
    assert Delivery.objects.get().status == Status.FAILED


@pytest.mark.usefixtures("queued")
def test_it_records_the_providers_id(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    assert send() == 1
    assert Delivery.objects.get().provider_id == "0"
    handed_over: Any = mail.outbox[0]
    assert handed_over.anymail_test_params["metadata"] == {"delivery": str(Delivery.objects.get().pk)}


def test_it_gives_weekly_readers_the_whole_week_and_no_paper_they_had(
    edition: Edition, hugging_face: Any, clock: Any
) -> None:
    friday = TODAY + dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.00009", "Friday Reinforcement Learning", day=friday)], friday)
    last = editions.publish(friday, now=NOW + dt.timedelta(days=1)).edition
    assert last is not None
    make_reader("weekly@example.org", words="reinforcement learning", frequency="weekly")
    switched = make_reader("switched@example.org", words="reinforcement learning")
    planning.plan_everyone(edition, now=NOW)
    send()
    Subscriber.objects.filter(pk=switched.pk).update(frequency="weekly")
    clock.move_to(NOW + dt.timedelta(days=2))
    planning.plan_everyone(last, now=NOW + dt.timedelta(days=2))
    send()
    bodies = {message.to[0]: str(message.body) for message in mail.outbox}  # the last to each
    assert "Reinforcement Learning at Scale" in bodies["weekly@example.org"]
    assert "Friday Reinforcement Learning" in bodies["weekly@example.org"]
    assert "Reinforcement Learning at Scale" not in bodies["switched@example.org"]
    assert "Friday Reinforcement Learning" in bodies["switched@example.org"]


def test_it_cuts_the_queue_into_shards(queued: Delivery) -> None:
    assert delivery.shards(500, now=NOW) == [(queued.pk, queued.pk)]
    assert delivery.shards(500, now=NOW - dt.timedelta(hours=1)) == []


def queue_readers(edition: Edition, count: int) -> None:
    for number in range(count):
        make_reader(f"reader{number}@example.org")
    planning.plan_everyone(edition, now=NOW)


def test_it_leaves_the_rest_in_the_queue_when_its_time_is_up(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 3)
    moments = iter([0, 10, 20, 50, 60])
    monkeypatch.setattr("digest.delivery.time.monotonic", lambda: next(moments))
    assert delivery.send_queued(Delivery.objects.all(), seconds=50) == 2
    assert Delivery.objects.filter(status=Status.QUEUED).count() == 1


def test_it_does_not_wear_out_the_queue_on_a_server_that_is_down(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, 8)
    fail_with(monkeypatch, ConnectionRefusedError("refused"))
    assert send() == 0
    assert Delivery.objects.filter(attempts=1).count() == delivery.TROUBLES_IN_A_ROW
    assert Delivery.objects.filter(status=Status.QUEUED, attempts=0).count() == 8 - delivery.TROUBLES_IN_A_ROW


def test_it_goes_on_after_readers_whose_address_is_refused(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 8)
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"x@example.org": (550, b"no such user")}))
    send()
    assert Delivery.objects.filter(status=Status.FAILED).count() == 8


def test_it_leaves_alone_what_is_somebody_elses_by_now(queued: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker slept through its lease: another one has sent the mail meanwhile."""

    def sleep_and_fail(self: EmailMessage, fail_silently: bool = False) -> int:
        Delivery.objects.update(status=Status.SENT, sent_at=NOW, claimed_at=NOW + delivery.LEASE)
        raise TimeoutError

    monkeypatch.setattr(EmailMessage, "send", sleep_and_fail)
    assert send() == 0
    assert Delivery.objects.get().status == Status.SENT


def test_it_leaves_the_row_claimed_when_the_worker_must_stop(queued: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, SoftTimeLimitExceeded())
    with pytest.raises(SoftTimeLimitExceeded):
        send()
    assert Delivery.objects.get().status == Status.SENDING
