"""A backup by the timer that fails alerts the operators, until one succeeds."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from digest.models import Incident, Installation
from digest.ops.health import incidents, watch
from digest.ops.recovery import backups, keys
from digest.ops.recovery.database_dump import DumpError
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def fail(path: Path, *, now: object) -> None:
    raise DumpError("pg_dump is too old.")


def succeed(path: Path, *, now: object) -> backups.Manifest:
    path.write_bytes(b"")
    counts = {"subscriptions_subscriber": 1, "digest_delivery": 2}
    return backups.Manifest(backups.FORMAT, NOW.isoformat(), "1", "sqlite", "", counts, [], {})


def test_a_failure_alerts_until_a_backup_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "backup", fail)
    with pytest.raises(CommandError, match="No backup was made"):
        call_command("backup", "--keep", "14")
    incident = Incident.objects.get()
    assert incident.text.startswith("pg_dump is too old.")
    watch.run_checks("backup", now=NOW)
    assert incidents.open_incidents().exists()
    monkeypatch.setattr(backups, "backup", succeed)
    call_command("backup", "--keep", "14")
    assert not incidents.open_incidents().exists()
    assert Installation.load().backed_up_at


def test_a_backup_by_hand_alerts_no_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "backup", fail)
    with pytest.raises(CommandError, match="No backup was made"):
        call_command("backup")
    assert not Incident.objects.exists()
    monkeypatch.setattr(backups, "backup", succeed)
    call_command("backup")
    assert Installation.load().backed_up_at is None


def test_another_key_is_reported_in_one_line(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_verified", set())
    keys.verify()
    settings.SECRET_KEY = "another"
    with pytest.raises(CommandError, match="SECRET_KEY is not the one"):
        call_command("backup")


def test_a_folder_that_cannot_be_written_is_named(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.VAR_DIR = tmp_path / "file"
    with pytest.raises(CommandError, match="No backup was made"):
        call_command("backup", "--keep", "14")
    assert Incident.objects.get().key == "backup:failed"
