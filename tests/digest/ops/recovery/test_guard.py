"""A database that is older than what was already sent starts paused."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from digest.delivery import high_water, pauses, planner, shard_worker
from digest.delivery.high_water import DatabaseWentBackError, HighWaterMark
from digest.models import Delivery, Edition, Installation, Pause
from digest.ops import pipeline
from digest.ops.recovery import guard
from digest.tasks import send_due_digests, send_shards
from tests.conftest import NOW, TODAY, make_reader
from tests.digest.ops.recovery.conftest import GoBack

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.mark.usefixtures("queued")
def test_sending_goes_on_while_the_database_knows_everything_that_was_sent() -> None:
    assert shard_worker.send_due() == 4
    assert guard.may_send(now=NOW)


def test_a_restored_database_is_paused(backup: GoBack) -> None:
    shard_worker.send_due()
    backup()
    assert not guard.may_send(now=NOW)
    pause = pauses.current()
    assert pause is not None
    assert "The database is older than what was already sent" in pause.reason
    assert pause.probe_at is None


def test_tasks_and_commands_send_nothing_from_a_restored_database(backup: GoBack, edition: Edition) -> None:
    shard_worker.send_due()
    backup()
    make_reader("new@example.org")
    send_due_digests()
    send_shards()
    summary = pipeline.send(edition.day)
    assert "Nothing was sent. The database is older" in summary.line
    assert not summary.ok
    assert len(mail.outbox) == 4
    assert Delivery.objects.count() == 4


def test_an_admin_who_ends_the_pause_does_not_end_the_hold(backup: GoBack) -> None:
    shard_worker.send_due()
    backup()
    guard.may_send(now=NOW)
    pauses.end(now=NOW)
    assert not guard.may_send(now=NOW + timedelta(minutes=1))
    assert pauses.current() is not None


def test_a_backup_of_what_was_sent_last_is_not_paused(queued: Edition) -> None:
    shard_worker.send_due()
    high_water._seen.clear()
    assert guard.may_send(now=NOW)
    assert not Pause.objects.exists()


def test_a_new_database_in_the_same_folder_is_not_paused(backup: GoBack) -> None:
    shard_worker.send_due()
    backup()
    Installation.objects.update(incarnation=uuid.uuid4())
    assert guard.may_send(now=NOW)


def test_new_rows_get_ids_that_the_lost_database_never_used(backup: GoBack, edition: Edition) -> None:
    row = Installation.load()
    high_water.write(row.incarnation, HighWaterMark(9, NOW.isoformat(), str(TODAY), delivery=5_000, reader=7_000))
    guard.may_send(now=NOW)
    assert make_reader("new@example.org").pk > 7_000
    planner.plan_everyone(edition, now=NOW)
    assert Delivery.objects.latest("pk").pk > 5_000


def test_a_worker_that_runs_across_a_restore_records_nothing(backup: GoBack, monkeypatch: Any) -> None:
    monkeypatch.setattr(high_water, "_seen", {Installation.load().incarnation: 99})
    with pytest.raises(DatabaseWentBackError):
        shard_worker.send_due()
    assert not Delivery.objects.filter(status="sent").exists()


def test_the_mark_only_rises(queued: Edition) -> None:
    incarnation = Installation.load().incarnation
    high_water.write(incarnation, HighWaterMark(5, NOW.isoformat(), "2026-08-20", delivery=9))
    high_water.write(incarnation, HighWaterMark(4, NOW.isoformat()))
    high_water.write(incarnation, HighWaterMark(6, NOW.isoformat()))
    mark = high_water.read(incarnation)
    assert mark is not None
    assert (mark.position, mark.day, mark.delivery) == (6, "2026-08-20", 9)


def test_a_broken_mark_is_ignored(queued: Edition) -> None:
    incarnation = Installation.load().incarnation
    (high_water.folder(incarnation) / "mark.json").write_text("{")
    assert high_water.read(incarnation) is None
    shard_worker.send_due()
    assert high_water.read(incarnation) is not None


@pytest.mark.services
def test_redis_remembers_the_mark_if_the_folder_is_lost(backup: GoBack, settings: Any, tmp_path: Any) -> None:
    shard_worker.send_due()
    backup()
    settings.RECOVERY_DIR = tmp_path / "another machine"
    assert not guard.may_send(now=NOW)
