"""Backups, restores and moves on disks that are full or missing: one clear line, and nothing is left half-made."""

import errno
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from digest.ops.recovery import backups, database_dump, disk_errors, move
from digest.ops.recovery.backups import BackupError, Manifest
from digest.ops.recovery.database_dump import DumpError
from digest.ops.recovery.move import MoveError


def full(*args: Any, **options: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def use_sqlite(name: str, monkeypatch: pytest.MonkeyPatch) -> BaseDatabaseWrapper:
    target = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": name}})["default"]
    monkeypatch.setattr(database_dump, "connection", target)
    return target


def test_a_folder_that_is_missing_or_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = connection.copy("target")
    monkeypatch.setitem(target.__dict__, "vendor", "sqlite")
    target.settings_dict = target.settings_dict | {"NAME": str(tmp_path / "none" / "new.sqlite3")}
    with pytest.raises(MoveError, match=r"There is no folder .*/none\. Create it first\."):
        move._is_new_file(target)
    target.settings_dict["NAME"] = str(tmp_path / "new.sqlite3")
    assert move._is_new_file(target)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(MoveError, match=r"The disk of .* is full\. Free some space"):
        move._is_new_file(target)


def test_a_database_that_can_not_be_prepared_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = connection.copy("target")
    target.settings_dict = target.settings_dict | {"NAME": str(tmp_path / "new.sqlite3")}
    trace = "Traceback (most recent call last):\n  File\ndjango.db.utils.OperationalError: database or disk is full\n"

    def run(*args: Any, **options: Any) -> Any:
        for ending in ("", "-wal"):
            (tmp_path / f"new.sqlite3{ending}").write_text("half")
        return subprocess.CompletedProcess(args, 1, "", trace)

    monkeypatch.setattr(subprocess, "run", run)
    for is_new, left in ((False, 2), (True, 0)):
        with pytest.raises(
            MoveError, match=r"prepared: database or disk is full\. Free some space on its disk"
        ) as told:
            move._migrate("sqlite:////new", target, is_new=is_new)
        assert "Traceback" not in str(told.value)
        assert len(list(tmp_path.iterdir())) == left


def test_a_restore_that_fills_the_disk_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(_: Path, draft: Path) -> None:
        draft.write_text("half")
        full()

    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    monkeypatch.setattr(database_dump, "_check_sqlite", lambda copy: None)
    monkeypatch.setattr(database_dump, "_require_alone_on_sqlite", lambda: None)
    monkeypatch.setattr(shutil, "copyfile", copy)
    with pytest.raises(DumpError, match=f"The disk of {tmp_path} is full. Free some space"):
        database_dump._load_sqlite(tmp_path / "dump")
    assert not list(tmp_path.glob("*.restoring"))


def test_a_restore_without_room_for_its_draft_creates_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_sqlite(str(tmp_path / "new.sqlite3"), monkeypatch)
    assert database_dump.is_empty()
    database_dump.require_alone()
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db
@pytest.mark.parametrize("name", [":memory:", "file:restored?mode=memory&cache=shared"])
def test_a_database_in_memory_with_readers_is_not_empty(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with use_sqlite(name, monkeypatch).cursor() as cursor:
        assert database_dump.is_empty()
        cursor.execute("CREATE TABLE subscriptions_subscriber AS SELECT 1 AS id")
        assert not database_dump.is_empty()


def test_a_full_disk_is_not_called_a_damaged_backup(tmp_path: Path, settings: Any, monkeypatch: Any) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("tarfile.open", full)
    manifest = Manifest(1, "", "", "sqlite", "", {}, [], {})
    with pytest.raises(BackupError, match="is full") as told, backups._extracted(tmp_path / "backup", manifest):
        pass
    assert "damaged" not in str(told.value)


@pytest.mark.django_db
def test_a_backup_into_a_folder_that_takes_no_files_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/proc/.daily-papers-x")

    monkeypatch.setattr(backups, "backup", refuse)
    wanted = rf"No backup was made\. {tmp_path} can't be written \(No such file or directory\)\. Choose a folder"
    with pytest.raises(CommandError, match=wanted):
        call_command("backup", str(tmp_path / "x"))


def test_only_messages_of_a_full_disk_get_that_advice() -> None:
    advice = "Free some space on its disk, and run the same command again."
    assert disk_errors.with_advice("database or disk is full") == f"database or disk is full. {advice}"
    assert disk_errors.with_advice("connection refused") == "connection refused"
