"""Checks of beat, workers, queues, clocks, disks, the broker, tables, editions and sources."""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from digest.models import Edition, FetchRun, Heartbeat, Incident, QuietDay, Source
from digest.ops.health import backup_report, broker, checks, heartbeats, pulse, watch
from digest.ops.health.broker import BrokerError
from digest.ops.health.heartbeats import Kind
from digest.ops.health.snapshot import Snapshot
from tests.conftest import NOW, TODAY
from tests.drills.registry import ALERT_WITHIN

pytestmark = pytest.mark.django_db
QUEUES = {*django_settings.CELERY_TASK_QUEUES}
SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)


def keys(name: str, now: dt.datetime = NOW) -> list[str]:
    return [problem.key for problem in checks.ALL[name].find(Snapshot(now))]


def beat(kind: Kind, name: str, at: dt.datetime = NOW, **fields: Any) -> None:
    with time_machine.travel(at, tick=False):
        heartbeats.record(kind, name, **fields)


def test_a_heartbeat_is_one_row_however_often_it_is_left() -> None:
    beat(Kind.BEAT, "host")
    beat(Kind.BEAT, "host", NOW + MINUTE)
    row = Heartbeat.objects.get()
    assert (row.at, row.started_at, row.skew) == (NOW + MINUTE, NOW, dt.timedelta())
    assert row.free_mb


def test_it_notices_within_ninety_seconds_that_beat_is_silent() -> None:
    assert keys("beat") == ["beat"]
    beat(Kind.BEAT, "host")
    assert keys("beat", NOW + 75 * SECOND) == []
    assert keys("beat", NOW + 90 * SECOND) == ["beat"]


def test_an_alert_leaves_within_two_minutes_of_the_death_of_a_process() -> None:
    """The drills shorten these times."""
    two_rounds = 2 * pulse.EVERY  # the last heartbeat, and the next look
    assert heartbeats.SILENT_AFTER.total_seconds() + watch.EVERY.total_seconds() + two_rounds < ALERT_WITHIN
    assert heartbeats.SILENT_AFTER.total_seconds() > 2 * heartbeats.EVERY


def test_the_restart_of_a_worker_causes_no_alert() -> None:
    beat(Kind.WORKER, "a@host", queues=",".join(QUEUES))
    stopped = pulse.Pulse(Kind.WORKER, "a@host", ",".join(QUEUES))
    stopped._thread.run = lambda: None  # type: ignore[method-assign]
    stopped.start()
    stopped.stop()
    assert keys("workers", NOW + 15 * SECOND) == []
    (problem,) = checks.ALL["workers"].find(Snapshot(NOW + 90 * SECOND))
    assert "Its last sign of life was at" in problem.text


def test_it_names_the_queues_without_a_worker() -> None:
    beat(Kind.WORKER, "a@host", queues=",".join(QUEUES - {"send"}))
    (problem,) = checks.ALL["workers"].find(Snapshot(NOW))
    assert problem.heading == "No worker serves the queue send"
    beat(Kind.WORKER, "b@host", queues="send")
    assert keys("workers") == []
    assert keys("workers", NOW + 2 * MINUTE) == ["workers"]


def test_it_notices_a_queue_that_runs_no_tasks() -> None:
    beat(Kind.QUEUE, "send", NOW - 20 * MINUTE)
    beat(Kind.QUEUE, "tick", NOW - MINUTE)
    assert keys("queue") == []  # beat and the workers are silent, which is another problem
    beat(Kind.BEAT, "host")
    beat(Kind.WORKER, "a@host", queues=",".join(QUEUES))
    assert keys("queue") == ["queue:send"]


def test_it_notices_a_clock_that_differs_from_the_databases() -> None:
    beat(Kind.BEAT, "host")
    assert keys("clock") == []
    Heartbeat.objects.update(own_clock=NOW - HOUR)
    (problem,) = checks.ALL["clock"].find(Snapshot(NOW))
    assert "60 minutes behind" in problem.heading


def test_it_notices_a_full_disk_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "free_mb", lambda: 50_000.0)
    beat(Kind.WORKER, "a@host")
    assert keys("disk") == []
    Heartbeat.objects.update(free_mb=0.0, host="w1")
    assert keys("disk") == ["disk:w1"]


def test_it_notices_a_worker_that_cannot_write_its_journal(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR, settings.RECOVERY_DIR = tmp_path, tmp_path / "recovery"
    (tmp_path / "journals").mkdir()
    assert keys("files") == []
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.F_OK or "journals" not in str(path))
    beat(Kind.WORKER, "a@host")
    monkeypatch.undo()
    (problem,) = checks.ALL["files"].find(Snapshot(NOW))  # seen from a process that has no such trouble
    assert problem.key == f"files:{heartbeats.host()}"
    assert f"{tmp_path}/journals can't be written" in problem.text


def test_a_journal_that_was_just_deleted_is_no_problem(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR, settings.RECOVERY_DIR = tmp_path, tmp_path / "recovery"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert heartbeats.unwritable() == ""


def test_a_worker_notices_that_the_web_server_is_gone() -> None:
    beat(Kind.WEB, "host:1")
    assert keys("web", NOW + 75 * SECOND) == []
    (problem,) = checks.ALL["web"].find(Snapshot(NOW + 90 * SECOND))
    assert problem.heading == "The web server is not running"


def test_it_notices_that_a_timer_makes_no_backups_anymore() -> None:
    assert keys("backup") == []  # backups may be made in another way
    backup_report.note_success(now=NOW)
    assert keys("backup", NOW + 49 * HOUR) == []
    assert keys("backup", NOW + 51 * HOUR) == ["backup:late"]
    assert keys("backup", NOW + 31 * 24 * HOUR) == []


def test_it_notices_that_the_broker_is_down(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://"
    assert keys("broker") == []
    settings.CELERY_BROKER_URL = "redis://:secret@127.0.0.1:9/0"
    (problem,) = checks.ALL["broker"].find(Snapshot(NOW))
    assert "secret" not in problem.text
    with pytest.raises(BrokerError):
        broker.depths()


def test_it_notices_missing_migrations() -> None:
    assert keys("migrations") == []
    app, last = MigrationLoader(None).graph.leaf_nodes("digest")[0]
    MigrationRecorder(connection).record_unapplied(app, last)
    (problem,) = checks.ALL["migrations"].find(Snapshot(NOW))
    assert f"{app}.{last}" in problem.text


def test_it_looks_after_the_site_though_the_table_of_heartbeats_lacks_a_migration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object, **fields: object) -> None:
        raise ProgrammingError("no such column")

    looks: list[dt.datetime] = []
    monkeypatch.setattr(heartbeats, "record", fail)
    monkeypatch.setattr(watch, "look_if_due", lambda now: looks.append(now))
    monkeypatch.setattr(connection, "close", lambda: None)
    pulse.Pulse(Kind.WORKER, "a@host").round()
    assert looks


def test_it_notices_a_task_that_is_off() -> None:
    every = IntervalSchedule.objects.create(every=1, period="minutes")
    for name in ("digest.tasks.send_due_digests", "digest.tasks.sort_by_topic"):
        PeriodicTask.objects.create(name=name, task=name, interval=every, enabled=False)
    assert keys("task") == ["task:digest.tasks.send_due_digests"]


def test_it_notices_an_edition_that_was_not_published(edition: Edition) -> None:
    friday = NOW + 28 * HOUR  # 16:00 on the next day
    assert keys("edition", friday + 20 * MINUTE) == []
    assert keys("edition", friday + 40 * MINUTE) == ["edition"]
    quiet = QuietDay.objects.create(day=TODAY + dt.timedelta(days=1), cause="nothing", reason="A holiday.")
    assert keys("edition", friday + 40 * MINUTE) == []
    quiet.cause = QuietDay.Cause.TROUBLE
    quiet.save()
    assert keys("edition", friday + 40 * MINUTE) == ["edition"]
    assert keys("edition", friday + 24 * HOUR) == []  # there is no edition on Saturday


def test_it_notices_a_source_that_keeps_failing(hugging_face: Source) -> None:
    for minute in range(3):
        at = NOW + minute * MINUTE
        FetchRun.objects.create(source=hugging_face, day=TODAY, started_at=at, status="failed", message="HTTP 503")
    assert keys("source") == [f"source:{hugging_face.pk}"]


def test_it_waits_for_a_site_that_was_just_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "GRACE_PERIOD", 86_400.0)
    watch.run_checks("beat", now=NOW)
    assert not Incident.objects.exists()
    monkeypatch.setattr(watch, "GRACE_PERIOD", 0.0)
    watch.run_checks("beat", now=NOW)
    assert Incident.objects.get().key == "beat"


def test_one_of_several_processes_looks_every_few_seconds() -> None:
    assert [watch.look_if_due(now=NOW + second * SECOND) for second in (0, 1, 11, 13, 14)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert watch.look_if_due(now=NOW - HOUR)  # the clock was set back


def test_a_broken_check_stops_no_other(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(watch, "GRACE_PERIOD", 0.0)
    monkeypatch.setattr(watch, "_logged_at", {})
    monkeypatch.setitem(checks.ALL, "paused", checks.Check(lambda now: 1 / 0, "Pause"))  # type: ignore[arg-type, return-value]
    watch.run_checks("paused", "beat", now=NOW)
    watch.run_checks("paused", "beat", now=NOW)
    assert Incident.objects.get().key == "beat"
    assert caplog.text.count("ZeroDivisionError") == 1


def test_a_check_reads_no_folder_that_is_gone(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "gone"
    assert heartbeats.free_mb() is None
