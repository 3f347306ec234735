"""Recovery after a worker died, hung or lost its connection."""

import datetime as dt
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from digest.delivery import planner, poison_pill, recovery, results, shard_run, shard_worker, shards
from digest.delivery.journal import Journal
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery, Edition, Shard
from digest.models.deliveries import SUSPECT
from digest.ops import dashboard
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW
from tests.digest.delivery.conftest import queue_readers

pytestmark = [pytest.mark.usefixtures("clock", "by_locmem"), pytest.mark.both_databases]
Status = Delivery.Status
LONG_AGO = dt.timedelta(hours=1)


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


@pytest.fixture
def pks(edition: Edition, clock: Any) -> list[int]:
    """Four queued deliveries in one shard."""
    queue_readers(edition, 4)
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def dead(pks: list[int], journals: Path) -> Journal:
    """The journal of a worker that claimed the shard, sent the first email, had the second in flight, and died."""
    journal = Journal(journals)
    assert shards.take(journal.worker, now=NOW)
    journal.add_in_flight([pks[0]])
    journal.add_outcomes(Outcome(pks[0], Result.SENT))
    journal.add_in_flight([pks[1]])
    journal.abandon()
    return journal


@pytest.mark.usefixtures("dead")
def test_it_sends_again_what_was_in_flight_and_then_the_rest() -> None:
    assert shard_worker.send_due() == 3
    assert statuses() == [Status.SENT] * 4
    assert len({message.to[0] for message in mail.outbox}) == 3


@pytest.mark.usefixtures("dead")
def test_it_leaves_what_was_in_flight_if_nothing_may_arrive_twice(settings: Any) -> None:
    settings.UNCERTAIN_MAILS = "leave"
    assert shard_worker.send_due() == 2
    assert statuses() == [Status.SENT, Status.UNCERTAIN, Status.SENT, Status.SENT]


@pytest.mark.usefixtures("dead")
def test_a_reader_who_unsubscribed_may_still_have_got_an_uncertain_email(pks: list[int]) -> None:
    lifecycle.unsubscribe(Subscriber.objects.get(deliveries=pks[1]), now=NOW)
    lifecycle.unsubscribe(Subscriber.objects.get(deliveries=pks[2]), now=NOW)
    assert shard_worker.send_due() == 1
    assert statuses() == [Status.SENT, Status.UNCERTAIN, Status.SKIPPED, Status.SENT]
    assert Delivery.objects.get(pk=pks[1]).reason == f"{results.MAY_HAVE_ARRIVED} {shard_run.LEFT_REASON}"


def test_an_email_that_is_refused_for_now_may_have_arrived_before(pks: list[int]) -> None:
    results.record_uncertain({pks[0]: ""}, "A worker died.", now=NOW)
    results.record([Outcome(pk, Result.RETRY_LATER, "451") for pk in pks[:2]], now=NOW)
    results.record([Outcome(pk, Result.SKIPPED, shard_run.LEFT_REASON) for pk in pks[:2]], now=NOW)
    assert statuses()[:2] == [Status.UNCERTAIN, Status.SKIPPED]


def test_an_email_that_is_refused_for_good_may_have_arrived_before(pks: list[int]) -> None:
    results.record_uncertain({pks[0]: ""}, "A worker died.", now=NOW)
    results.record([Outcome(pk, Result.FAILED, "554") for pk in pks[:2]], now=NOW)
    assert statuses()[:2] == [Status.FAILED, Status.FAILED]
    reasons = list(Delivery.objects.order_by("pk").values_list("reason", flat=True))
    assert reasons[:2] == [f"554 {results.MAY_HAVE_ARRIVED}", "554"]


@pytest.mark.usefixtures("dead")
def test_it_frees_the_shard_of_a_dead_worker_at_once(journals: Path) -> None:
    assert not shards.unleased(now=NOW).exists()
    assert recovery.recover(journals, now=NOW) == 1
    assert shards.unleased(now=NOW).exists()
    assert recovery.recover(journals, now=NOW) == 0


def test_it_sends_the_shard_of_a_worker_that_died_in_the_meantime(
    edition: Edition, clock: Any, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SIZE", 2)
    queue_readers(edition, 4)
    other = Journal(journals)
    assert shards.take(other.worker, now=NOW)
    dies = [other.abandon]

    def see(ended: int) -> None:
        while dies:
            dies.pop()()

    assert shard_worker.send_due(progress=see) == 4


def test_a_journal_may_be_recorded_twice(dead: Journal, journals: Path, pks: list[int]) -> None:
    """The recovering worker died as well, after it recorded the journal and before it deleted it."""
    (path,) = journals.glob("*.journal")
    copy = path.read_bytes()
    shard_worker.send_due()
    path.write_bytes(copy)
    assert shard_worker.send_due() == 0
    assert statuses() == [Status.SENT] * 4


def test_after_a_power_cut_it_waits_for_the_lease_and_all_announced_are_uncertain(
    dead: Journal, pks: list[int], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last lines of the journal may never have reached the disk."""
    settings.UNCERTAIN_MAILS = "leave"
    Shard.objects.update(announced=pks[2])
    monkeypatch.setattr("digest.delivery.journal._boot_id", lambda: "another start")
    assert shard_worker.send_due() == 0
    assert statuses() == [Status.SENT, Status.UNCERTAIN, Status.QUEUED, Status.QUEUED]
    run_out(dead.worker)
    assert shard_worker.send_due() == 1
    assert statuses() == [Status.SENT, Status.UNCERTAIN, Status.UNCERTAIN, Status.SENT]


@pytest.mark.usefixtures("dead")
def test_it_waits_for_a_providers_reports_before_it_repeats_a_call(
    pks: list[int], settings: Any, journals: Path
) -> None:
    settings.EMAIL_PROVIDERS = ["postmark", "smtp"]
    recovery.recover(journals, now=NOW)
    doubtful, untouched = Delivery.objects.get(pk=pks[1]), Delivery.objects.get(pk=pks[2])
    assert (doubtful.status, doubtful.reason) == (Status.QUEUED, recovery.DIED_IN_FLIGHT)
    assert doubtful.not_before > NOW + dt.timedelta(minutes=7)
    assert untouched.not_before == NOW


def run_out(worker: str) -> None:
    Shard.objects.filter(worker=worker).update(lease_until=timezone.now() - dt.timedelta(days=10_000))


def test_it_takes_the_shard_of_a_lost_machine(pks: list[int]) -> None:
    shard = shards.take("lost", now=NOW)
    assert shard
    shards.renew(shard, announced=pks[1])
    assert shard_worker.send_due() == 0  # the lease has not expired
    run_out("lost")
    assert shard_worker.send_due() == 4
    assert Delivery.objects.get(pk=pks[1]).attempts == 2
    assert Delivery.objects.get(pk=pks[2]).attempts == 1


def test_it_leaves_what_a_lost_machine_may_have_sent_if_nothing_may_arrive_twice(pks: list[int], settings: Any) -> None:
    settings.UNCERTAIN_MAILS = "leave"
    shard = shards.take("lost", now=NOW)
    assert shard
    shards.renew(shard, announced=pks[1])
    run_out("lost")
    assert shard_worker.send_due() == 2
    assert statuses() == [Status.UNCERTAIN, Status.UNCERTAIN, Status.SENT, Status.SENT]


def test_it_records_the_journal_of_a_lost_machine_that_comes_back(
    dead: Journal, pks: list[int], settings: Any, journals: Path
) -> None:
    settings.UNCERTAIN_MAILS = "leave"
    (path,) = journals.glob("*.journal")
    content = path.read_bytes()
    path.unlink()
    Shard.objects.update(announced=pks[1])
    run_out(dead.worker)
    shard_worker.send_due()
    assert statuses()[:2] == [Status.UNCERTAIN, Status.UNCERTAIN]
    path.write_bytes(content)
    shard_worker.send_due()
    assert statuses()[:2] == [Status.SENT, Status.UNCERTAIN]


def test_it_takes_no_shard_twice(pks: list[int]) -> None:
    assert shards.take("one", now=NOW)
    assert shards.take("two", now=NOW) is None


def test_it_does_not_trust_a_lease_from_a_clock_that_was_set_back(pks: list[int]) -> None:
    shards.take("one", now=NOW)
    Shard.objects.update(lease_until=timezone.now() + dt.timedelta(days=10_000))
    assert shards.take("two", now=NOW)


def test_it_sends_a_suspect_shard_one_email_at_a_time(pks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    Shard.objects.update(crashes=SUSPECT)
    seen = []
    healthy = shards.renew

    def renew(shard: Shard, *, announced: int = 0) -> None:
        seen.append((announced, statuses().count(Status.SENT)))
        healthy(shard, announced=announced)

    monkeypatch.setattr(shards, "renew", renew)
    assert shard_worker.send_due() == 4
    assert seen == [(pk, number) for number, pk in enumerate(pks)]
    assert Shard.objects.get().crashes == 0


def test_it_forgets_crashes_when_there_is_progress(pks: list[int]) -> None:
    Shard.objects.update(crashes=SUSPECT - 1)
    shard = shards.take("one", now=NOW)
    assert shard
    poison_pill.note_progress(shard)
    assert Shard.objects.get().crashes == 0


def test_it_skips_what_could_not_be_sent_for_a_day(pks: list[int], clock: Any) -> None:
    assert planner.expire_old(now=NOW + dt.timedelta(hours=23)) == 0
    later = NOW + dt.timedelta(hours=25)
    clock.move_to(later)
    assert planner.expire_old(now=later) == 4
    assert set(statuses()) == {Status.SKIPPED}
    assert Shard.objects.get().done_at == later


def test_it_no_longer_shows_what_an_admin_left_uncertain(pks: list[int], admin_client: Client) -> None:
    Delivery.objects.filter(pk__in=pks[:2]).update(status=Status.UNCERTAIN, reason="It may have arrived.")
    form = {"action": "leave_uncertain", "_selected_action": pks[:3]}
    page = admin_client.post("/admin/digest/delivery/", form, follow=True).content.decode()
    assert "2 left unchanged" in page
    assert statuses() == [Status.UNCERTAIN, Status.UNCERTAIN, Status.QUEUED, Status.QUEUED]
    assert not dashboard.unsuccessful_since(NOW - LONG_AGO).exists()
    form["action"] = "send_uncertain_again"
    admin_client.post("/admin/digest/delivery/", form, follow=True)
    assert shard_worker.send_due() == 4


def test_a_migration_rewords_what_an_admin_left_uncertain_before(pks: list[int]) -> None:
    migration = import_module("digest.migrations.0022_reason_of_uncertain_deliveries")
    Delivery.objects.filter(pk=pks[0]).update(status=Status.UNCERTAIN, reason=migration.FORMER)
    migration.reword(apps, connection.schema_editor())
    assert not dashboard.unsuccessful_since(NOW - LONG_AGO).exists()


def test_it_sends_again_a_delivery_without_a_shard(edition: Edition, alice: Subscriber) -> None:
    """The welcome email with the day's digest was cut off, and an admin sends it again."""
    at = {"queued_at": NOW, "not_before": NOW}
    Delivery.objects.create(edition=edition, subscriber=alice, status=Status.UNCERTAIN, **at)
    queue_readers(edition, 1)
    assert shard_worker.send_due() == 1
    assert shards.queue_again(Delivery.objects.filter(subscriber=alice), now=NOW) == 1
    assert shard_worker.send_due() == 1
    assert statuses() == [Status.SENT, Status.SENT]
