"""A process with other keys than the database is refused, and is told how to carry the keys over."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from digest.models import Installation
from digest.ops.recovery import keys
from digest.ops.recovery.start_up import require_keys
from subscriptions.models import Subscriber, Suppression

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _used_with_old_key(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_verified", set())
    Installation.objects.all().delete()
    settings.VAR_DIR = tmp_path
    use(settings, "old")
    keys.verify()


def use(settings: Any, secret: str, *fallbacks: str, address: str = "") -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secret, list(fallbacks)
    settings.ADDRESS_HASH_KEY = address or secret


def test_the_same_keys_are_accepted_again() -> None:
    keys.verify()
    assert keys.problem() == ""


def test_another_secret_key_is_refused(settings: Any) -> None:
    use(settings, "new")
    assert "SECRET_KEY is not the one" in keys.problem()


def test_the_refusal_names_the_file_that_holds_the_old_key(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("old\n")
    use(settings, "new")
    assert "set SECRET_KEY to the content of that file" in keys.problem()
    assert str(tmp_path / "secret_key") in keys.problem()


def test_a_rotation_with_the_old_key_as_a_fallback_is_recorded(settings: Any) -> None:
    use(settings, "new", "old", address="old")
    keys.verify()
    use(settings, "newer", "new", address="old")
    keys.verify()


def test_a_process_that_has_not_rotated_yet_still_starts(settings: Any) -> None:
    use(settings, "new", "old", address="old")
    keys.verify()
    use(settings, "old")
    keys.verify()


def test_a_rotation_that_would_lose_the_suppressions_is_refused_and_not_recorded(settings: Any) -> None:
    use(settings, "new", "old")
    assert "Set ADDRESS_HASH_KEY to the SECRET_KEY that was used before" in keys.problem()
    use(settings, "new")
    assert "SECRET_KEY is not the one" in keys.problem()


def test_another_address_hash_key_is_refused(settings: Any) -> None:
    use(settings, "old", address="another")
    assert "suppressed addresses are not recognized" in keys.problem()


def test_an_operator_can_accept_new_keys_and_reads_what_is_lost(settings: Any) -> None:
    use(settings, "new")
    output = StringIO()
    call_command("keys", "--accept", stdout=output)
    assert "Links in emails" in output.getvalue()
    assert "suppressed" in output.getvalue()
    keys.verify()


def test_the_command_fails_with_the_wrong_keys(settings: Any) -> None:
    use(settings, "new")
    with pytest.raises(CommandError, match="SECRET_KEY is not the one"):
        call_command("keys")


def test_the_command_mentions_a_key_file_that_is_not_used(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("stray")
    output = StringIO()
    call_command("keys", stdout=output)
    assert "holds another key" in output.getvalue()


def test_a_process_with_the_wrong_keys_stops(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(settings, "new")
    with pytest.raises(SystemExit) as stopped:
        require_keys(status=4)
    assert stopped.value.code == 4
    assert capsys.readouterr().err.startswith("Keys: SECRET_KEY is not")


@pytest.mark.parametrize(
    ("command", "options"),
    [("import_readers", ["--consent-source=form", "--consent-date=2026-01-01"]), ("import_suppressions", [])],
)
def test_no_addresses_are_imported_with_the_wrong_keys(
    settings: Any, tmp_path: Path, command: str, options: list[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email\nada@example.org\n")
    use(settings, "old", address="another")
    with pytest.raises(SystemExit):
        call_command(command, str(path), *options)
    assert not Subscriber.objects.exists()
    assert not Suppression.objects.exists()


def test_fingerprints_do_not_show_that_two_installations_share_a_key() -> None:
    assert keys.fingerprint("key", "one") != keys.fingerprint("key", "two")
    assert "key" not in keys.fingerprint("key", "one")


def test_sending_commands_refuse_wrong_keys(settings: Any) -> None:
    use(settings, "new")
    with pytest.raises(SystemExit):
        call_command("send_digests")


def test_a_database_without_tables_is_no_reason_to_warn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OperationalError("no such table")

    monkeypatch.setattr(Installation, "load", fail)
    monkeypatch.setattr(connection.introspection, "table_names", list)
    assert keys.problem() == ""
    assert not caplog.messages
    monkeypatch.setattr(connection.introspection, "table_names", lambda: ["digest_edition"])
    assert keys.problem() == ""
    assert "could not be compared" in caplog.text
