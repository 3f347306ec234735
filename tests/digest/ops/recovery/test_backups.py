"""Backups are private and complete, and restoring one never sends a digest twice."""

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from digest.models import Edition
from digest.ops.recovery import backups, database_dump
from digest.ops.recovery.backups import BackupError
from digest.ops.recovery.database_dump import DumpError
from tests.conftest import NOW

ROOT = Path(__file__).resolve().parents[4]


def run_round_trip(folder: Path, database: str, other: str) -> dict[str, Any]:
    environment = os.environ | {"VAR_DIR": str(folder / "var"), "DATABASE_URL": database, "EMAIL_URL": "memorymail://"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.digest.ops.recovery.round_trip", str(folder / "backup.tar.gz"), other],
        cwd=ROOT,
        env=environment | {"CELERY_BROKER_URL": "memory://", "POSTAL_ADDRESS": "Street 1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def database() -> Any:
    """The URL of an empty database on the server."""
    url, name = os.environ["DATABASE_URL"], f"restored_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}"')
    yield urlsplit(url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_another_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("email\n")
    with pytest.raises(BackupError) as refused:
        backups.read_manifest(path)
    assert str(refused.value) == f"{path} is not a backup of Daily Papers, or is damaged."


@pytest.mark.services
def test_a_site_is_restored_and_moved_and_sends_nothing_twice(tmp_path: Path, database: str) -> None:
    found = run_round_trip(tmp_path, f"sqlite:///{tmp_path}/old.sqlite3", database)
    assert "Decide about this first" in found["undecided"]
    assert "Run the same command again to continue" in found["interrupted"]
    assert "counted them on both sides" in found["moved"]
    assert not found["old_may_send"]
    assert found["there"] == [12, 0]
    check_restored(found)


@pytest.mark.services
def test_a_site_on_postgresql_is_restored_and_moved_to_sqlite(tmp_path: Path, database: str) -> None:
    found = run_round_trip(tmp_path, database, f"sqlite:///{tmp_path}/new.sqlite3")
    assert found["there"] == [12, 0]
    check_restored(found)


def check_restored(found: dict[str, Any]) -> None:
    assert "12 readers, 12 deliveries" in found["backup"]
    assert found["mode"] == "0o600"
    assert found["sent"] == 12
    assert "Use --replace" in found["refused"]
    assert "Sending is paused. The database is older than what was already sent" in found["restored"]
    assert not found["may_send"]
    assert found["queued"] == 12
    assert "12 digests recorded as sent" in found["missing"]
    assert found["sent_again"] == 0
    assert "No email has left since the backup" in found["up_to_date"]
    assert "Sending is paused. The database was restored from a backup of" in found["elsewhere"]
    assert found["readers"] == 12


@pytest.fixture
def archive(edition: Edition, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup whose database is a stub, because the rows of a test are not committed."""
    settings.VAR_DIR = tmp_path

    def dump(path: Path) -> dict[str, int]:
        path.write_bytes(b"dump")
        return database_dump.counts()

    monkeypatch.setattr(database_dump, "dump", dump)
    path = tmp_path / "backup.tar.gz"
    backups.backup(path, now=NOW)
    return path


def test_a_backup_has_the_keys_and_a_manifest(archive: Path) -> None:
    manifest = backups.read_manifest(archive)
    assert manifest.counts["digest_edition"] == 1
    assert manifest.version == django_settings.VERSION
    with tarfile.open(archive) as file:
        keys = file.extractfile("keys.env")
        assert keys is not None
        assert keys.read() == b"SECRET_KEY=only-for-tests\n"


def test_it_deletes_what_a_killed_backup_or_restoration_left_and_nothing_else(archive: Path, tmp_path: Path) -> None:
    long_ago = (NOW - dt.timedelta(days=2)).timestamp()
    folders = {name: tmp_path / name for name in (".daily-papers-old", ".daily-papers-new", ".backup-of-mine")}
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "database").write_bytes(b"ada@example.org")
        at = NOW.timestamp() if name == ".daily-papers-new" else long_ago
        os.utime(folder, (at, at))
    backups.backup(tmp_path / "next.tar.gz", now=NOW)
    assert {name for name, folder in folders.items() if folder.exists()} == {".daily-papers-new", ".backup-of-mine"}


def test_it_never_overwrites_a_file(archive: Path) -> None:
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(archive))


def test_a_damaged_backup_is_refused_before_anything_is_replaced(archive: Path) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupError, match="damaged"):
        backups.restore(archive, replace=True, now=NOW)
    assert Edition.objects.exists()


def test_another_file_is_not_a_backup(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "missing"):
        with pytest.raises(BackupError):
            backups.read_manifest(tmp_path / name)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"vendor": "oracle"}, "then use manage.py move"),
        ({"migrations": [["digest", "9999_later"]]}, "made by a newer release"),
        ({"format": 2}, "made by a newer release"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(archive: Path, changed: dict[str, Any], message: str) -> None:
    renewed = archive.with_name("changed.tar.gz")
    with tarfile.open(archive) as old, tarfile.open(renewed, "w:gz") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            content = file.read()
            if member.name == "manifest.json":
                content = json.dumps(json.loads(content) | changed).encode()
                member.size = len(content)
            new.addfile(member, BytesIO(content))
    with pytest.raises(BackupError, match=message):
        backups.restore(renewed, replace=True, now=NOW)


def test_only_the_newest_backups_are_kept(tmp_path: Path) -> None:
    names = [f"daily-papers-2026-08-{day:02}T000000.tar.gz" for day in range(1, 6)]
    for name in (*names, "mine.tar.gz"):
        (tmp_path / name).touch()
    backups.keep(2, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names[-2:], "mine.tar.gz"]


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(database_dump.DumpError, match="apt install postgresql-client"):
        database_dump._run("pg_dump")


@pytest.mark.django_db
def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(path: Path) -> sqlite3.Connection:
        copy = real(path)
        copy.execute("PRAGMA max_page_count=1")
        return copy

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", connect)
    full = mock.Mock(connection=real(":memory:"))
    full.connection.execute("CREATE TABLE t AS SELECT randomblob(100000)")
    monkeypatch.setattr(database_dump, "connection", full)
    with pytest.raises(DumpError, match=r"can't be copied: database or disk is full\. Free some space"):
        database_dump._dump_sqlite(tmp_path / "copy")
