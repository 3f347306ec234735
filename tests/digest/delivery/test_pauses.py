"""Pauses: the server refuses everything, all deliveries wait, and probes end the pause."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
import time_machine
from django.test import Client

from digest.delivery import pauses, shard_worker, shards
from digest.delivery.shard_run import ShardRun
from digest.delivery.transports.outcomes import Outcome
from digest.models import Delivery, Edition, Pause, Shard
from digest.ops.dashboard import make_dashboard
from tests.conftest import NOW
from tests.digest.delivery.conftest import queue_readers
from tests.digest.delivery.transports.test_smtp import at
from tests.examples import slow_after
from tests.sink import Sink, healthy

pytestmark = pytest.mark.usefixtures("clock")
Status = Delivery.Status
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def waiting(edition: Edition, clock: Any) -> Edition:
    queue_readers(edition, 30)
    return edition


def count(status: str) -> int:
    return Delivery.objects.filter(status=status).count()


@pytest.mark.usefixtures("waiting")
def test_it_pauses_if_the_server_refuses_everything_and_resumes_by_itself(sink: Sink, clock: Any) -> None:
    sink.script = at("MAIL", "550 5.7.1 Quota exceeded")
    assert shard_worker.send_due() == 0
    pause = Pause.objects.get()
    assert (pause.ended_at, pause.reason) == (None, "The mail server refused the sender: 550 5.7.1 Quota exceeded")
    assert not Delivery.objects.exclude(status=Status.QUEUED, attempts=0).exists()  # no reader is at fault
    sink.script = healthy
    assert shard_worker.send_due() == 0  # not yet
    clock.move_to(NOW + MINUTE)
    assert shard_worker.send_due() == 30
    assert Pause.objects.get().ended_at == NOW + MINUTE


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "reply", slow_after(2, ["554 Transaction failed", "drop", "451 4.3.0 Later", "421 4.7.0 Busy"])
)
def test_it_probes_with_one_email_at_growing_intervals(sink: Sink, clock: Any, reply: str) -> None:
    begun = 0

    def refuse(stage: str, received: Any) -> str:
        nonlocal begun
        begun += stage == "RCPT"
        return reply if stage == "RCPT" else ""

    pauses.start("full", now=NOW)
    sink.script = refuse
    waits = []
    for _ in range(4):
        probe_at = Pause.objects.get().probe_at
        assert probe_at
        clock.move_to(probe_at)
        begun = 0
        assert shard_worker.send_due() == 0
        assert begun <= 3
        next_probe = Pause.objects.get().probe_at
        assert next_probe
        waits.append(next_probe - probe_at)
    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert not Delivery.objects.exclude(status=Status.QUEUED, attempts=0).exists()


@pytest.mark.usefixtures("waiting")
def test_a_bounce_is_no_failed_probe(sink: Sink, clock: Any) -> None:
    pauses.start("full", now=NOW)
    clock.move_to(NOW + MINUTE)
    sink.script = at("RCPT", "550 5.1.1 No such user", first=2)
    assert shard_worker.send_due() == 28
    assert (count(Status.FAILED), count(Status.SENT)) == (2, 28)


@pytest.mark.usefixtures("waiting")
def test_it_lets_one_worker_probe(sink: Sink, clock: Any) -> None:
    pauses.start("full", now=NOW)
    clock.move_to(NOW + MINUTE)
    assert [pauses.emails_allowed_now(now=NOW + MINUTE) for _ in range(3)] == [1, 0, 0]
    assert shard_worker.send_due() == 0


def test_it_returns_an_unused_probe(edition: Edition, sink: Sink, clock: Any) -> None:
    pauses.start("full", now=NOW)
    clock.move_to(NOW + MINUTE)
    shard_worker.send_due()
    assert pauses.emails_allowed_now(now=NOW + MINUTE) == 1


@pytest.mark.usefixtures("waiting")
def test_it_stops_soon_if_another_worker_starts_a_pause(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.delivery.shard_run.RECORD_AFTER", -1)

    def complain(received: Any) -> None:
        if len(sink.mails) == 5:
            monkeypatch.setattr(pauses, "current", lambda: Pause(reason="too many complaints"))

    sink.keep = complain
    assert 5 <= shard_worker.send_due() < 30
    assert count(Status.QUEUED) > 0


@pytest.mark.usefixtures("waiting")
def test_a_pause_that_does_not_resume_waits_for_an_admin(sink: Sink, clock: Any, admin_client: Client) -> None:
    pauses.start("Too many complaints", now=NOW, has_probes=False)
    pauses.start("No connection", now=NOW)  # it still does not resume by itself
    pauses.request_probe(now=NOW)
    clock.move_to(NOW + dt.timedelta(hours=5))
    assert shard_worker.send_due() == 0
    pause = Pause.objects.get()
    assert pause.reason == "Too many complaints"
    with time_machine.travel(NOW + dt.timedelta(hours=5)):
        page = admin_client.get("/admin/").content.decode()
        assert "Too many complaints" in page
        form = {"action": "end_now", "_selected_action": [pause.pk]}
        assert "Sending resumes." in admin_client.post("/admin/digest/pause/", form, follow=True).content.decode()
    assert shard_worker.send_due() == 30


def test_it_probes_if_the_clock_was_a_day_ahead_at_the_start_of_the_pause(db: None) -> None:
    pauses.start("No connection", now=NOW + dt.timedelta(days=1))
    assert pauses.emails_allowed_now(now=NOW) == 1
    assert pauses.emails_allowed_now(now=NOW) == 0


@pytest.mark.usefixtures("waiting")
def test_an_accepted_probe_ends_no_pause_that_an_admin_must_end(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    end = ShardRun.end

    def complain(run: ShardRun, outcomes: Sequence[Outcome]) -> None:
        pauses.start("Too many complaints", now=NOW, has_probes=False)
        end(run, outcomes)

    monkeypatch.setattr(ShardRun, "end", complain)
    pauses.start("No connection", now=NOW - MINUTE)
    assert shard_worker.send_due() == 1
    assert Pause.objects.get(ended_at=None).reason == "Too many complaints"


@pytest.mark.usefixtures("waiting")
def test_it_stops_if_emails_vanish_after_the_final_dot(sink: Sink) -> None:
    sink.script = at("content", "swallow")
    assert shard_worker.send_due() == 0
    assert Delivery.objects.filter(attempts=1).count() < 30
    assert Pause.objects.get().ended_at is None


def test_a_missing_postal_address_fails_no_delivery(waiting: Edition, sink: Sink, settings: Any) -> None:
    settings.REQUIRE_POSTAL_ADDRESS, settings.POSTAL_ADDRESS = True, ""
    assert shard_worker.send_due() == 0
    assert "POSTAL_ADDRESS" in Pause.objects.get().reason
    assert count(Status.QUEUED) == 30


def test_it_shows_its_progress(waiting: Edition, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Shard.objects.all().delete()
    monkeypatch.setattr(shards, "SIZE", 10)
    shards.make(waiting, after=0, now=NOW)
    for number, shard in enumerate(list(Shard.objects.all())):
        if number == 0:
            Shard.objects.filter(pk=shard.pk).update(done_at=NOW)
    assert shards.take("busy", now=NOW)
    found = make_dashboard(now=NOW).progress
    assert found
    assert (found.planned, found.ended, found.percent, found.workers) == (30, 10, 33, 1)
    assert (found.per_minute, found.minutes_left) == (2, 10)
    assert "10 of 30 done, 1 worker on it, 2 a minute, about 10 minutes left" in " ".join(
        admin_client.get("/admin/").content.decode().split()
    )
