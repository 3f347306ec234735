"""Poison pills: which email is at fault when workers die, which is not, and how the others are sent."""

import datetime as dt
import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from digest.delivery import poison_pill, recovery, shard_worker, shards, trial
from digest.delivery.journal import Journal
from digest.delivery.transports.outcomes import Outcome, Result
from digest.models import Delivery, Edition, Shard
from digest.models.deliveries import SUSPECT
from tests.conftest import NOW
from tests.digest.delivery.conftest import queue_readers

pytestmark = pytest.mark.usefixtures("clock", "by_locmem")
Status = Delivery.Status
KILLED, SEGFAULT = -9, -11


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


@pytest.fixture
def pks(edition: Edition, clock: Any) -> list[int]:
    """Four queued deliveries in one shard."""
    queue_readers(edition, 4)
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


def die(journals: Path, *done: Outcome, announced: int = 0) -> None:
    """Let a worker claim a shard, record `done`, announce an email, and be killed."""
    journal = Journal(journals)
    shard = shards.take(journal.worker, now=NOW)
    assert shard
    if done:
        journal.add_outcomes(*done)
    shards.renew(shard, announced=announced)
    journal.abandon()
    recovery.recover(journals, now=NOW)


def quarantine(pk: int, journals: Path) -> Shard:
    """Let workers die until this email is in quarantine."""
    Shard.objects.update(crashes=SUSPECT)
    die(journals, announced=pk)
    assert shards.take("a living one", now=NOW)
    shards.release_from_dead("a living one", made_progress=True)
    return Shard.objects.get(first=pk, last=pk)


class Trials:
    """A substitute for the trial process: it ends with `status`, before or after it came to the email."""

    def __init__(self, status: int, *, comes_to_it: bool = True) -> None:
        self.count, self._status, self._comes_to_it = 0, status, comes_to_it

    def run(self, pk: int) -> int:
        self.count += 1
        shard = shards.take_for_trial(pk, "a trial", now=timezone.now())
        assert shard
        if self._comes_to_it:
            shards.renew(shard, announced=shard.first)
        shards.release_from_dead("a trial", made_progress=False)
        return self._status


def trials_end(monkeypatch: pytest.MonkeyPatch, status: int, *, comes_to_it: bool = True) -> Trials:
    trials = Trials(status, comes_to_it=comes_to_it)
    monkeypatch.setattr(trial, "_run", trials.run)
    return trials


def wait(clock: Any, **time: float) -> None:
    clock.shift(dt.timedelta(**time))


def test_no_email_is_suspected_while_workers_make_progress(pks: list[int], journals: Path) -> None:
    for pk in pks[:3]:
        die(journals, Outcome(pk, Result.SENT), announced=pks[3])
        assert Shard.objects.get().crashes == 0


def test_killing_whole_workers_fails_no_email(pks: list[int], journals: Path, clock: Any) -> None:
    """They die at the first email of every shard that they claim."""
    for _ in range(20):
        journal = Journal(journals)
        shard = shards.take(journal.worker, now=timezone.now())
        if shard is not None:
            shards.renew(shard, announced=shard.first)
        journal.abandon()
        recovery.recover(journals, now=timezone.now())
    assert statuses() == [Status.QUEUED] * 4
    assert shard_worker.send_due() == 0
    wait(clock, hours=1)
    for shard in Shard.objects.filter(done_at=None):
        shard_worker.send_quarantined(shard.pk)
    assert statuses() == [Status.SENT] * 4


def test_it_sends_one_at_a_time_after_three_crashes_without_progress(pks: list[int], journals: Path) -> None:
    for _ in range(SUSPECT):
        assert not Shard.objects.get().is_suspect
        die(journals, announced=pks[3])
    assert Shard.objects.get().is_suspect
    shard = shards.take("one", now=NOW)
    assert shard
    assert (shard.first, shard.last) == (pks[0], pks[3])  # each of them may be at fault


@pytest.mark.parametrize("at", range(4))
def test_it_quarantines_the_email_at_which_a_worker_died(at: int, pks: list[int], journals: Path) -> None:
    shard = quarantine(pks[at], journals)
    assert shard.is_quarantined
    assert shard.not_before > NOW + dt.timedelta(minutes=7)
    assert Delivery.objects.get(pk=pks[at]).reason == poison_pill.IN_QUARANTINE
    assert shard_worker.send_due() == 3
    assert statuses().count(Status.QUEUED) == 1
    assert sum(Shard.objects.values_list("size", flat=True)) == 4


def test_it_sends_the_others_at_full_speed(pks: list[int], journals: Path) -> None:
    quarantine(pks[1], journals)
    assert not any(shard.is_suspect for shard in Shard.objects.exclude(first=pks[1]))


def test_crashes_of_whole_workers_never_fail_an_email(
    pks: list[int], journals: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole workers are killed for hours, at any point of their work."""
    quarantine(pks[0], journals)
    for _ in range(12):
        wait(clock, hours=1)
        shard = shards.begin_trial(now=timezone.now())
        if shard is not None:  # its worker is killed as well, so it does not see how the process ended
            Trials(KILLED).run(shard.pk)
    assert statuses() == [Status.QUEUED] * 4


def test_it_tries_a_quarantined_email_later_each_time(
    pks: list[int], journals: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine(pks[0], journals)
    shard_worker.send_due()
    trials = trials_end(monkeypatch, SEGFAULT)
    at = []
    for minute in range(8 * 60):
        before = trials.count
        shard_worker.send_due()
        if trials.count > before:
            at.append(minute)
        wait(clock, minutes=1)
    waits = [later - earlier for earlier, later in zip([0, *at], at, strict=False)]
    assert len(waits) == poison_pill.MAX_STRIKES
    assert all(later > 1.2 * earlier for earlier, later in pairwise(waits))
    assert at[-1] > 4 * 60


def test_it_gives_up_an_email_that_kills_process_after_process(
    pks: list[int], journals: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine(pks[0], journals)
    shard_worker.send_due()
    trials_end(monkeypatch, SEGFAULT)
    for _ in range(poison_pill.MAX_STRIKES):
        assert statuses() == [Status.QUEUED, *[Status.SENT] * 3]
        wait(clock, hours=4)
        shard_worker.send_due()
    culprit = Delivery.objects.get(pk=pks[0])
    assert (culprit.status, culprit.reason) == (Status.FAILED, poison_pill.GAVE_UP_REASON)
    assert not Shard.objects.filter(done_at=None).exists()


def test_the_reason_of_a_given_up_email_says_that_it_may_have_arrived(
    pks: list[int], journals: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine(pks[0], journals)
    shard_worker.send_due()
    trials_end(monkeypatch, SEGFAULT)
    Delivery.objects.filter(pk=pks[0]).update(call="-")
    Shard.objects.filter(first=pks[0]).update(crashes=SUSPECT + poison_pill.MAX_STRIKES - 1)
    wait(clock, hours=4)
    shard_worker.send_due()
    assert Delivery.objects.get(pk=pks[0]).reason.endswith("It may have arrived at an earlier attempt.")


@pytest.mark.parametrize(("status", "comes_to_it"), [(0, True), (1, True), (-15, True), (SEGFAULT, False)], ids=str)
def test_a_trial_that_proves_nothing_is_no_strike(
    status: int, comes_to_it: bool, pks: list[int], journals: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ended by itself, was asked to stop, or died before it came to the email."""
    quarantine(pks[0], journals)
    shard_worker.send_due()
    trials = trials_end(monkeypatch, status, comes_to_it=comes_to_it)
    for _ in range(5):
        wait(clock, hours=4)
        shard_worker.send_due()
    assert trials.count == 5
    assert statuses()[0] == Status.QUEUED
    assert Shard.objects.get(first=pks[0]).strikes == 0


def test_no_email_is_at_fault_if_processes_survive_none(
    pks: list[int], journals: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine(pks[0], journals)
    Shard.objects.exclude(first=pks[0]).update(not_before=NOW + dt.timedelta(days=1))
    trials = trials_end(monkeypatch, SEGFAULT)
    for _ in range(5):
        wait(clock, hours=4)
        shard_worker.send_due()
    assert trials.count == 5
    assert Shard.objects.get(first=pks[0]).strikes == 0


def test_it_sends_a_quarantined_email_that_kills_nothing(pks: list[int], journals: Path, clock: Any) -> None:
    shard = quarantine(pks[2], journals)
    shard_worker.send_due()
    wait(clock, minutes=15)
    shard_worker.send_quarantined(shard.pk)
    assert statuses() == [Status.SENT] * 4
    assert not Shard.objects.exclude(crashes=0).exists()


def test_it_stays_in_quarantine_while_a_limit_holds_it_back(
    pks: list[int], journals: Path, clock: Any, settings: Any
) -> None:
    settings.CELERY_BROKER_URL = "memory://"
    settings.SEND_PER_DAY = 3
    shard = quarantine(pks[0], journals)
    assert shard_worker.send_due() == 3
    wait(clock, minutes=15)
    shard_worker.send_quarantined(shard.pk)
    assert statuses()[0] == Status.QUEUED
    assert Shard.objects.get(pk=shard.pk).is_quarantined


def test_it_breaks_up_the_calls_of_a_shard_that_is_split(pks: list[int], journals: Path, settings: Any) -> None:
    """A key is valid only for a whole call, and its deliveries are now in two shards."""
    Delivery.objects.filter(pk__in=pks[:2]).update(call="a-key")
    quarantine(pks[1], journals)
    assert set(Delivery.objects.filter(pk__in=pks[:2]).values_list("call", flat=True)) == {"-"}


def test_it_leaves_the_calls_of_a_shard_that_is_split_if_nothing_may_arrive_twice(
    pks: list[int], journals: Path, settings: Any
) -> None:
    settings.UNCERTAIN_MAILS = "leave"
    Delivery.objects.filter(pk=pks[0]).update(call="a-key")
    quarantine(pks[1], journals)
    assert statuses() == [Status.UNCERTAIN, *[Status.QUEUED] * 3]


def test_a_trial_is_the_first_to_be_killed_when_memory_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    score = tmp_path / "oom_score_adj"
    monkeypatch.setattr(trial, "OOM_SCORE", score)
    trial.be_killed_first()
    assert score.read_text() == "1000"
    monkeypatch.setattr(trial, "OOM_SCORE", tmp_path / "no such system" / "score")
    with caplog.at_level(logging.WARNING):
        trial.be_killed_first()
    assert not caplog.records
