"""The worker: it claims shards, makes and sends digests, and records the results, also if something fails."""

import datetime as dt
import smtplib
from pathlib import Path
from typing import Any

import pytest
from anymail.message import AnymailRecipientStatus
from django.core import mail
from django.core.mail import EmailMessage
from django.db import OperationalError, connection

from digest import clock as seconds
from digest import papers
from digest.delivery import message_factory, planner, results, shard_run, shard_worker, shards, shutdown
from digest.delivery.retry_policy import JITTER
from digest.delivery.transports.django_backend import FAILURES_IN_A_ROW
from digest.editions import publication
from digest.email.batch import composer
from digest.models import Delivery, Edition, Shard
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.digest.delivery.conftest import queue_readers

pytestmark = [pytest.mark.usefixtures("clock", "by_locmem"), pytest.mark.both_databases]
Status = Delivery.Status


def send() -> int:
    return shard_worker.send_due()


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMessage, "send", refuse)


@pytest.mark.usefixtures("queued")
def test_it_never_sends_the_same_digest_twice() -> None:
    assert [send(), send()] == [1, 0]
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("queued")
def test_it_sends_nothing_to_a_reader_who_unsubscribed_after_the_planning(alice: Subscriber) -> None:
    lifecycle.unsubscribe(alice, now=NOW)
    assert send() == 0
    assert Delivery.objects.get().status == Status.SKIPPED


@pytest.mark.usefixtures("queued")
def test_it_sends_nothing_to_a_suppressed_address(alice: Subscriber) -> None:
    lifecycle.suppress(alice.email, "complained")
    assert send() == 0
    assert mail.outbox == []


def test_it_sends_nothing_if_no_paper_matches(edition: Edition) -> None:
    make_reader("quiet@example.org", words="submarines")
    planner.plan_everyone(edition, now=NOW)
    assert send() == 0
    row = Delivery.objects.get()
    assert (row.status, row.reason) == (Status.SKIPPED, composer.NOTHING_MATCHED)


@pytest.mark.usefixtures("queued")
def test_it_fails_at_once_if_the_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"alice@example.org": (550, b"no such user")}))
    send()
    assert Delivery.objects.get().status == Status.FAILED


@pytest.mark.usefixtures("queued")
def test_it_finds_the_refusal_that_a_provider_hides_in_a_success(
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
    assert handed_over.anymail_test_params["metadata"] == {
        "delivery": str(Delivery.objects.get().pk),
        "reader": Subscriber.objects.get().uid.hex,
    }


def test_weekly_readers_get_the_whole_week_without_papers_they_already_got(
    edition: Edition, hugging_face: Any, clock: Any
) -> None:
    friday = TODAY + dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.00009", "Friday Reinforcement Learning", day=friday)], friday)
    last = publication.publish(friday, now=NOW + dt.timedelta(days=1)).edition
    assert last is not None
    make_reader("weekly@example.org", words="reinforcement learning", frequency="weekly")
    switched = make_reader("switched@example.org", words="reinforcement learning")
    planner.plan_everyone(edition, now=NOW)
    send()
    Subscriber.objects.filter(pk=switched.pk).update(frequency="weekly")
    clock.move_to(NOW + dt.timedelta(days=2))
    planner.plan_everyone(last, now=NOW + dt.timedelta(days=2))
    send()
    bodies = {message.to[0]: str(message.body) for message in mail.outbox}  # the last email to each
    assert "Reinforcement Learning at Scale" in bodies["weekly@example.org"]
    assert "Friday Reinforcement Learning" in bodies["weekly@example.org"]
    assert "Reinforcement Learning at Scale" not in bodies["switched@example.org"]
    assert "Friday Reinforcement Learning" in bodies["switched@example.org"]


def test_it_continues_after_refused_addresses(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 8)
    fail_with(monkeypatch, smtplib.SMTPRecipientsRefused({"x@example.org": (550, b"no such user")}))
    send()
    assert Delivery.objects.filter(status=Status.FAILED).count() == 8


def test_it_sends_and_records(queued: Delivery) -> None:
    assert send() == 1
    queued.refresh_from_db()
    assert (queued.status, queued.sent_at, queued.attempts, queued.reason) == (Status.SENT, NOW, 1, "")
    # The best is first. The survey would match twice, but she has excluded surveys.
    votes = [votes for _, votes, *_ in queued.papers["for_you"]]
    assert votes == [20, 30]


def test_it_gives_the_shard_back_when_all_of_it_has_ended(queued: Delivery) -> None:
    send()
    shard = Shard.objects.get()
    assert (shard.done_at, shard.worker, shard.lease_until) == (NOW, "", None)


@pytest.mark.usefixtures("queued")
def test_it_leaves_no_journal_behind(journals: Path) -> None:
    send()
    assert list(journals.iterdir()) == []


@pytest.mark.usefixtures("queued")
def test_it_does_not_touch_a_shard_of_another_worker() -> None:
    assert shards.take("another", now=NOW)
    assert send() == 0
    assert mail.outbox == []


@pytest.mark.usefixtures("queued")
def test_it_retries_later_after_a_temporary_failure(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    with monkeypatch.context() as broken:
        fail_with(broken, smtplib.SMTPDataError(451, b"try later"))
        send()
    row = Delivery.objects.get()
    assert row.status == Status.QUEUED
    assert "451 try later" in row.reason
    wait = (row.not_before - NOW) / dt.timedelta(minutes=10)
    assert 1 - JITTER <= wait <= 1 + JITTER
    assert send() == 0  # not yet
    clock.move_to(row.not_before)
    assert send() == 1


@pytest.mark.usefixtures("queued")
def test_it_gives_up_before_the_next_edition(monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    fail_with(monkeypatch, ConnectionRefusedError("refused"))
    while (row := Delivery.objects.get()).status == Status.QUEUED:
        assert row.not_before < NOW + dt.timedelta(hours=22)
        clock.move_to(row.not_before)
        send()
    assert row.status == Status.FAILED
    assert row.reason == results.GAVE_UP_REASON + "The connection failed: refused"
    assert 7 <= row.attempts <= 12
    assert Shard.objects.get().done_at is not None


def test_one_bad_email_does_not_stop_the_others(
    edition: Edition, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reader("broken@example.org", words="diffusion")
    planner.plan_everyone(edition, now=NOW)
    healthy = message_factory.DjangoMessageFactory._make

    def make(self: message_factory.DjangoMessageFactory, row: Delivery) -> Any:
        if row.subscriber.email == "broken@example.org":
            raise RuntimeError("a bug")
        return healthy(self, row)

    monkeypatch.setattr(message_factory.DjangoMessageFactory, "_make", make)
    assert send() == 1
    assert [message.to for message in mail.outbox] == [[alice.email]]
    assert "a bug" in Delivery.objects.get(status=Status.QUEUED).reason


def test_it_leaves_the_rest_in_the_queue_when_its_time_is_up(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 3)
    monkeypatch.setattr(seconds, "seconds", lambda: 10.0 * len(mail.outbox))
    assert shard_worker.send_due(seconds=20) == 2
    assert Delivery.objects.filter(status=Status.QUEUED).count() == 1
    assert Shard.objects.get().worker == ""
    assert send() == 1


def test_it_finishes_the_email_in_flight_at_a_graceful_shutdown(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, 3)
    monkeypatch.setattr(shutdown, "is_stop_requested", lambda: bool(mail.outbox))
    assert send() == 1
    assert Delivery.objects.filter(status=Status.SENT).count() == 1
    assert Shard.objects.get().worker == ""


def test_a_server_that_is_down_uses_up_no_attempts(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 8)
    fail_with(monkeypatch, ConnectionRefusedError("refused"))
    assert send() == 0
    assert Delivery.objects.filter(status=Status.QUEUED, attempts=0).count() == 8
    assert Delivery.objects.exclude(reason="").count() == FAILURES_IN_A_ROW


def test_it_checks_the_reader_again_right_before_each_email(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 3)
    monkeypatch.setattr(shard_run, "RECHECK_AFTER", -1)
    healthy = EmailMessage.send

    def send_and_leave(self: EmailMessage, fail_silently: bool = False) -> int:
        for reader in Subscriber.objects.active().exclude(email=self.to[0]):
            lifecycle.unsubscribe(reader, now=NOW)
        return healthy(self, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", send_and_leave)
    assert send() == 1
    assert Delivery.objects.filter(status=Status.SKIPPED, reason=shard_run.LEFT_REASON).count() == 2


def test_it_stops_if_another_worker_has_taken_the_shard(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker slept through its lease. The worker that holds the shard now continues with it."""
    queue_readers(edition, 3)
    monkeypatch.setattr(shard_run, "RECHECK_AFTER", -1)
    monkeypatch.setattr(shard_run, "RENEW_AFTER", -1)
    healthy = EmailMessage.send

    def sleep(self: EmailMessage, fail_silently: bool = False) -> int:
        Shard.objects.update(worker="another")
        return healthy(self, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", sleep)
    assert send() == 1
    assert Shard.objects.get().worker == "another"
    assert Delivery.objects.filter(status=Status.SENT).count() == 1  # that one was sent, and is recorded


def test_it_finishes_emails_in_flight_if_the_database_goes_away(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_readers(edition, 3)
    monkeypatch.setattr(shard_run, "RECORD_AFTER", -1)

    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(results, "record", fail)
        with pytest.raises(OperationalError):
            send()
    assert (len(mail.outbox), Delivery.objects.filter(status=Status.SENT).count()) == (1, 0)
    # The next worker recovers its journal, and nothing is sent twice.
    assert send() == 2
    assert Delivery.objects.filter(status=Status.SENT).count() == len(mail.outbox) == 3


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has its own settings for it")
@pytest.mark.django_db(transaction=True)
def test_on_sqlite_only_workers_commit_without_waiting_for_the_disk() -> None:
    def is_waiting() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous")
            return bool(cursor.fetchone()[0] == 2)

    assert is_waiting()
    shard_worker.send_due()
    assert not is_waiting()
