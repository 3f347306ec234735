"""Jobs: progress, reports, cancelling, and what a crash leaves behind."""

import datetime as dt
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from digest.models import Job
from digest.ops import write_lock
from digest.ops.jobs import registry, rows, runner
from digest.ops.jobs.reader_jobs import ERASE, SUPPRESS, UNSUBSCRIBE
from digest.ops.jobs.registry import JobKind, Step
from subscriptions.models import Consent, Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import make_reader

pytestmark = pytest.mark.django_db
State = Job.State


class Crash(BaseException):
    """The end of a process in the middle of a step."""


@pytest.fixture(autouse=True)
def ada(admin_user: User) -> User:
    return admin_user


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[Subscriber]:
    monkeypatch.setattr(rows, "BATCH", 2)
    return [make_reader(f"reader-{number}@example.org") for number in range(5)]


def started(readers: list[Subscriber], action: rows.RowAction = SUPPRESS) -> Job:
    return rows.start(action, [reader.pk for reader in readers], by="admin")


def free(job: Job) -> None:
    """End the lease of a dead worker."""
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - dt.timedelta(hours=1))


def define(monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    monkeypatch.setitem(registry._kinds, "test", JobKind("Test", work))


def suppressed() -> int:
    return Subscriber.objects.filter(status="suppressed").count()


def test_it_does_all_rows_and_reports_what_it_skipped(readers: list[Subscriber]) -> None:
    lifecycle.suppress(readers[1].email, "bounced")
    Subscriber.objects.filter(pk=readers[3].pk).delete()
    job = started(readers)
    assert (job.state, job.total, job.percent) == (State.QUEUED, 5, 0)
    assert not runner.run_pending()
    job.refresh_from_db()
    assert (job.state, job.done, job.percent) == (State.DONE, 3, 100)
    assert job.skipped == {"suppressed already": 1, rows.GONE: 1}
    assert suppressed() == 4


def test_each_row_and_the_job_are_in_the_audit_log(readers: list[Subscriber]) -> None:
    started(readers)
    runner.run_pending()
    found = list(LogEntry.objects.order_by("pk").values_list("user__username", "change_message"))
    assert found[0] == ("admin", "Started the job. Suppress readers (never email them again). 5 rows.")
    assert found[1:-1] == [("admin", "Suppressed.")] * 5
    assert found[-1] == ("admin", "The job is done. Suppress readers (never email them again): 5 done.")
    assert not LogEntry.objects.filter(object_repr__contains="@").exists()


def test_the_log_of_consents_names_the_admin(readers: list[Subscriber]) -> None:
    started(readers[:1])
    started(readers[1:2], UNSUBSCRIBE)
    runner.run_pending()
    withdrawn = Consent.objects.filter(event="withdrawn").values_list("where", flat=True)
    assert list(withdrawn) == ["admin admin", "admin admin"]


def test_a_crash_undoes_the_step_alone_and_the_next_worker_continues(
    readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, calls = started(readers), []

    def dies_at_the_fourth(email: str, *args: Any, **kwargs: Any) -> Any:
        calls.append(email)
        if len(calls) == 4:
            raise Crash
        return suppress(email, *args, **kwargs)

    suppress = lifecycle.suppress
    monkeypatch.setattr(lifecycle, "suppress", dies_at_the_fourth)
    with pytest.raises(Crash):
        runner.run_pending()
    job.refresh_from_db()
    assert (job.state, job.done, suppressed()) == (State.RUNNING, 2, 2)
    assert not runner.run_pending()
    assert len(calls) == 4, "its lease has not ended"
    free(job)
    runner.run_pending()
    job.refresh_from_db()
    assert (job.state, job.done, suppressed()) == (State.DONE, 5, 5)
    assert LogEntry.objects.filter(change_message="Suppressed.").count() == 5


def test_an_error_of_one_row_ends_neither_the_job_nor_undoes_others(
    readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_for_one(email: str, *args: Any, **kwargs: Any) -> Any:
        done = suppress(email, *args, **kwargs)
        if email == readers[1].email:
            raise ValueError(email)
        return done

    suppress = lifecycle.suppress
    monkeypatch.setattr(lifecycle, "suppress", fails_for_one)
    job = started(readers)
    runner.run_pending()
    job.refresh_from_db()
    assert (job.state, job.done, job.skipped, suppressed()) == (State.DONE, 4, {"failed": 1}, 4)
    assert job.problems == [f"reader {readers[1].uid}: ValueError. The log has the details."]


def test_a_turn_ends_after_its_time_and_the_next_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    def five_steps(job: Job) -> Iterator[Step]:
        for number in range(job.position or 0, 5):
            yield Step(done=1, position=number + 1)

    define(monkeypatch, five_steps)
    seconds = count()
    monkeypatch.setattr("digest.ops.jobs.runner.time.monotonic", lambda: next(seconds))
    job, done = runner.start("test", {}, by="admin", total=5), []
    while runner.run_pending(seconds=3):
        job.refresh_from_db()
        done.append(job.percent)
    job.refresh_from_db()
    assert done == [60]
    assert (job.state, job.done) == (State.DONE, 5)


def test_others_can_write_between_two_steps(readers: list[Subscriber], monkeypatch: pytest.MonkeyPatch) -> None:
    pauses, outside = [], len(connection.savepoint_ids)

    def pause() -> None:
        assert len(connection.savepoint_ids) == outside, "the lock is held during a transaction"
        pauses.append(suppressed())

    monkeypatch.setattr(write_lock, "give_way", pause)
    started(readers)
    runner.run_pending()
    assert pauses == [2, 4, 5]


def test_a_step_that_fails_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fails_later(job: Job) -> Iterator[Step]:
        if job.position is None:
            yield Step(done=7, position=1)
        calls.append(job.position)
        raise RuntimeError("no such file")

    define(monkeypatch, fails_later)
    job = runner.start("test", {}, by="admin")
    for _ in range(4):
        runner.run_pending()
        free(job)
    job.refresh_from_db()
    assert (job.state, job.done, job.percent) == (State.FAILED, 7, None)
    assert job.problems == ["The job failed: RuntimeError. The worker’s log has the details."]
    assert calls == [1, 1, 1]
    assert runner.resume(job, by="admin")
    runner.run_pending()
    assert len(calls) == 4


def test_a_job_that_kills_each_worker_fails_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths = count(1)

    def deadly(job: Job) -> Iterator[Step]:
        if next(deaths):
            raise Crash
        yield Step()

    define(monkeypatch, deadly)
    job = runner.start("test", {}, by="admin")
    for _ in range(runner.MAX_DEATHS):
        with pytest.raises(Crash):
            runner.run_pending()
        free(job)
    assert not runner.run_pending()
    assert next(deaths) == runner.MAX_DEATHS + 1, "no worker takes it again"
    job.refresh_from_db()
    assert (job.state, job.worker) == (State.FAILED, "")
    assert "workers died in a row" in job.report["problems"][0]
    assert runner.resume(job, by="admin")


def test_a_step_between_deaths_of_workers_starts_their_count_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def deadly(job: Job) -> Iterator[Step]:
        yield Step(done=1)
        raise Crash

    define(monkeypatch, deadly)
    job = runner.start("test", {}, by="admin")
    for _ in range(runner.MAX_DEATHS + 2):
        with pytest.raises(Crash):
            runner.run_pending()
        free(job)
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_a_job_that_another_worker_took_over_counts_no_step_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_slow(job: Job) -> Iterator[Step]:
        Job.objects.filter(pk=job.pk).update(worker="another")
        make_reader("made@example.org")
        yield Step(done=1)

    define(monkeypatch, is_slow)
    job = runner.start("test", {}, by="admin")
    runner.run_pending()
    job.refresh_from_db()
    assert (job.done, job.state) == (0, State.RUNNING)
    assert not Subscriber.objects.exists()


def test_a_queued_job_is_cancelled_at_once(readers: list[Subscriber]) -> None:
    job = started(readers)
    assert runner.cancel(job, by="admin")
    runner.run_pending()
    job.refresh_from_db()
    assert (job.state, suppressed()) == (State.CANCELLED, 0)
    assert not runner.cancel(job, by="admin")


def test_a_running_job_ends_before_its_next_step_and_can_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_cancelled(job: Job) -> Iterator[Step]:
        for number in range(job.position or 0, 4):
            if number == 1:
                assert runner.cancel(job, by="admin")
            yield Step(done=1, position=number + 1)

    define(monkeypatch, is_cancelled)
    job = runner.start("test", {}, by="admin", total=4)
    runner.run_pending()
    job.refresh_from_db()
    assert (job.state, job.done) == (State.CANCELLED, 2)
    assert runner.resume(job, by="admin")
    runner.run_pending()
    job.refresh_from_db()
    assert (job.state, job.done) == (State.DONE, 4)


def test_one_job_runs_at_a_time(readers: list[Subscriber]) -> None:
    first, second = started(readers[:1]), started(readers[1:])
    Job.objects.filter(pk=first.pk).update(
        state=State.RUNNING, worker="another", lease_until=timezone.now() + runner.LEASE
    )
    assert not runner.run_pending()
    second.refresh_from_db()
    assert second.state == State.QUEUED
    assert suppressed() == 0


def test_an_unknown_kind_fails_with_a_reason() -> None:
    with pytest.raises(LookupError, match="no jobs of the kind “nonsense”"):
        runner.start("nonsense", {}, by="admin")


def test_erased_readers_leave_an_entry_without_their_address(readers: list[Subscriber]) -> None:
    started(readers[:1], ERASE)
    runner.run_pending()
    assert not Subscriber.objects.filter(pk=readers[0].pk).exists()
    entry = LogEntry.objects.get(change_message="Deleted.")
    assert (entry.object_repr, entry.object_id) == (f"reader {readers[0].uid}", str(readers[0].pk))
