"""An older release does not run on the database of a newer one."""

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from digest.ops.health import deploy_checks, doctor
from digest.ops.recovery import releases
from digest.ops.recovery.start_up import require_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def _newer() -> None:
    MigrationRecorder(connection).record_applied("digest", "9001_of_tomorrow")


def test_the_same_release_starts() -> None:
    require_release()


@pytest.mark.usefixtures("_newer")
def test_an_older_release_stops_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        require_release()
    said = capsys.readouterr().err
    assert "newer release (digest.9001_of_tomorrow)" in said
    assert "Restore the backup that was made before the upgrade" in said


@pytest.mark.usefixtures("_newer")
def test_an_older_release_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("send_digests")
    assert "newer release" in capsys.readouterr().err


@pytest.mark.usefixtures("_newer")
def test_the_doctor_reports_it() -> None:
    assert [one.id for one in deploy_checks.check_database(None)] == ["digest.E015"]
    assert any("newer release" in finding.said for finding in doctor.examine(with_dns=False))


def test_a_migration_that_was_squashed_since_is_not_newer() -> None:
    MigrationRecorder(connection).record_applied("digest", "0002_squashed_since")
    assert releases.newer_migrations() == []


def test_apps_of_others_do_not_count() -> None:
    MigrationRecorder(connection).record_applied("not_installed", "9001_of_tomorrow")
    assert releases.newer_migrations() == []


def test_a_database_that_does_not_answer_is_no_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: MigrationRecorder) -> None:
        raise OperationalError("no answer")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", fail)
    assert releases.problem() == ""
