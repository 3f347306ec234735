"""An operator ends the hold on a restored database, and no reader gets a digest twice."""

import datetime as dt
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction

from digest.delivery import high_water, pauses, planner, sent_log, shard_worker, shards
from digest.delivery.sent_log import SentLog
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery, DeliveryEvent, Edition, Installation, SentBefore
from digest.ops.recovery import guard, settlement
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY, make_reader
from tests.digest.ops.recovery.conftest import GoBack

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
Status = Delivery.Status


@pytest.fixture
def held(backup: GoBack) -> None:
    """A database restored from before four digests left."""
    assert shard_worker.send_due() == 4
    backup()
    assert not guard.may_send(now=NOW)


def log() -> Path:
    return sent_log.home(Installation.load().incarnation) / f"{TODAY}.log"


def recipients() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


@pytest.mark.usefixtures("held")
def test_nothing_is_missing_if_the_log_says_that_all_had_it() -> None:
    done = settlement.send_missing(now=NOW)
    assert (done.had, done.maybe, done.missing) == (4, 0, 0)
    assert pauses.current() is None
    assert guard.may_send(now=NOW)
    assert shard_worker.send_due() == 0
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.SENT}


@pytest.mark.usefixtures("held")
def test_only_readers_without_a_line_in_the_log_get_theirs() -> None:
    left_out = Subscriber.objects.get(email="reader2@example.org")
    lines = log().read_text().splitlines()
    log().write_text("".join(f"{line}\n" for line in lines if line[1:] != str(left_out.pk)))
    mail.outbox.clear()
    assert settlement.send_missing(now=NOW).missing == 1
    assert shard_worker.send_due() == 1
    assert recipients() == ["reader2@example.org"]


@pytest.mark.usefixtures("held")
def test_a_digest_that_may_have_arrived_is_uncertain_and_not_sent() -> None:
    reader = Subscriber.objects.get(email="reader2@example.org")
    lines = log().read_text().splitlines()
    log().write_text("".join(f"{line}\n" for line in lines if line != f"={reader.pk}"))
    assert settlement.send_missing(now=NOW).maybe == 1
    assert shard_worker.send_due() == 0
    assert Delivery.objects.get(subscriber=reader).status == Status.UNCERTAIN


@pytest.mark.usefixtures("held")
def test_count_as_sent_sends_nothing_that_was_due() -> None:
    log().unlink()
    done = settlement.count_as_sent(None, now=NOW + dt.timedelta(minutes=5))
    assert done.counted == 4
    assert shard_worker.send_due() == 0
    assert len(mail.outbox) == 4


@pytest.mark.usefixtures("clock", "by_locmem")
def test_an_edition_that_the_database_has_forgotten_is_not_sent_again(edition: Edition) -> None:
    Installation.load()
    make_reader("early@example.org", send_hour=0)
    make_reader("late@example.org", send_hour=0)
    point = transaction.savepoint()
    planner.plan_everyone(edition, now=NOW)
    shard_worker.send_due()
    transaction.savepoint_rollback(point)
    high_water._seen.clear()
    guard.may_send(now=NOW)
    done = settlement.send_missing(now=NOW)
    assert "The logs know 2 more" in str(done)
    assert SentBefore.objects.count() == 2
    planner.plan_everyone(edition, now=NOW)  # it is published and planned again
    assert shard_worker.send_due() == 0
    assert len(mail.outbox) == 2


@pytest.mark.usefixtures("clock", "by_locmem")
def test_readers_who_were_due_before_the_restore_count_even_if_the_edition_is_published_again(edition: Edition) -> None:
    make_reader("early@example.org", send_hour=18)
    make_reader("later@example.org", send_hour=22)
    published = dt.datetime.combine(TODAY, dt.time(16, 1), dt.UTC)
    lost_at = published.replace(hour=19, minute=0)
    Edition.objects.filter(pk=edition.pk).update(send_after=lost_at)  # published again after the restore
    settlement.count_as_sent(lost_at, now=lost_at)
    planner.plan_due(now=lost_at + dt.timedelta(hours=4))
    by_reader = dict(Delivery.objects.values_list("subscriber__email", "status"))
    assert by_reader == {"early@example.org": Status.SKIPPED, "later@example.org": Status.QUEUED}


@pytest.mark.usefixtures("held")
def test_without_a_log_it_is_not_known_who_had_it(settings: Any, tmp_path: Path) -> None:
    settings.RECOVERY_DIR = tmp_path / "new machine"
    with pytest.raises(CommandError, match="does not tell which emails left"):
        call_command("send_missing")


def test_a_lease_of_the_lost_database_does_not_make_digests_uncertain(queued: Edition) -> None:
    shard = shards.take("gone", now=NOW)
    assert shard is not None
    shards.renew(shard, announced=shard.last)
    incarnation = Installation.load().incarnation
    readers = list(Subscriber.objects.order_by("pk").values_list("pk", flat=True))
    sent = SentLog(incarnation, TODAY)
    sent.begin(readers[:1])
    sent.end([Outcome(1, Result.SENT)], {1: readers[0]})
    high_water.write(incarnation, high_water.HighWaterMark(9, NOW.isoformat(), str(TODAY)))
    guard.may_send(now=NOW)
    settlement.send_missing(now=NOW)
    assert shard_worker.send_due() == 3


@pytest.mark.usefixtures("held")
def test_reports_of_a_provider_tell_who_had_it() -> None:
    log().unlink()
    delivery = Delivery.objects.order_by("pk")[0]
    DeliveryEvent.objects.create(delivery=delivery, event_key="x", event_type="delivered", happened_at=NOW)
    assert settlement.send_missing(now=NOW).had == 1


@pytest.mark.usefixtures("held")
def test_the_commands_say_what_they_did() -> None:
    output = StringIO()
    call_command("send_missing", stdout=output)
    assert output.getvalue().startswith("Sending is not paused. 4 digests recorded as sent by the logs")


@pytest.mark.usefixtures("held")
def test_the_commands_say_that_a_pause_for_another_reason_stays() -> None:
    Installation.objects.update(behind_reason="another")
    output = StringIO()
    call_command("send_missing", stdout=output)
    assert output.getvalue().startswith("Sending stays paused (")


def test_a_time_in_the_future_or_not_a_time_is_refused() -> None:
    for text in ("tomorrow", "2999-01-01T00:00"):
        with pytest.raises(CommandError):
            call_command("count_as_sent", "--until", text)


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ("+1 =1", sent_log.SENT),
        ("+1", sent_log.BEGUN),
        ("+1 -1", sent_log.NONE),
        ("+1 ?1 -1", sent_log.MAYBE),
        ("+1 ?1 +1 =1", sent_log.SENT),
        ("+1 +1 -1", sent_log.MAYBE),
        ("+1 =1 +1 -1", sent_log.SENT),
        ("+1 -1 +1", sent_log.BEGUN),
        ("+x =", sent_log.NONE),
    ],
)
def test_the_log_is_read_line_by_line(lines: str, state: int, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(lines.replace(" ", "\n") + "\n")
    assert sent_log.read([path])[1] == state


def test_old_logs_are_deleted(queued: Edition) -> None:
    shard_worker.send_due()
    settlement.delete_old(now=NOW)
    assert log().exists()
    settlement.delete_old(now=NOW + dt.timedelta(days=20))
    assert not log().exists()
