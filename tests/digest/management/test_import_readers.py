"""The command that imports readers."""

import io
import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from digest.ops import write_lock
from subscriptions.exchange import reader_import
from subscriptions.models import Consent, ImportPart, Subscriber

pytestmark = pytest.mark.django_db
CONSENT = ("--consent-source", "form", "--consent-date", "2024-01-01")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "readers.csv"
    file.write_text("Kontakt\nada@example.org\nbad\n")
    return file


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("import_readers", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_it_imports_and_writes_a_private_file_of_rejected_rows(path: Path) -> None:
    said = run(str(path), "--column", "address=Kontakt", "--by", "ida", *CONSENT)
    assert said.split("\n")[:3] == [
        "readers.csv is read as a table.",
        "        1  new readers, active at once",
        "        1  invalid, rejected",
    ]
    assert Subscriber.objects.get().status == "active"
    assert Consent.objects.get().where.startswith("import by ida; form")
    rejects = path.with_name("readers.csv.rejects.csv")
    assert rejects.read_text().splitlines() == [
        "file,row,reason,Kontakt",
        "readers.csv,3,“bad” is not an email address.,bad",
    ]
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert not ImportPart.objects.exists()


def test_others_can_write_between_two_batches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses, outside = [], len(connection.savepoint_ids)
    monkeypatch.setattr(reader_import, "BATCH", 1)
    monkeypatch.setattr(write_lock, "give_way", lambda: pauses.append(len(connection.savepoint_ids)))
    run(str(path), "--column", "address=Kontakt", *CONSENT)
    assert pauses == [outside, outside]


def test_a_dry_run_lists_the_problems_and_changes_nothing(path: Path) -> None:
    said = run(str(path), "--column", "address=Kontakt", "--dry-run", *CONSENT)
    assert "Nothing was changed" in said
    assert "readers.csv, row 3: “bad” is not an email address." in said
    assert not Subscriber.objects.exists()


def test_it_prints_the_counts_as_json(path: Path) -> None:
    said = run(str(path), "--column", "address=Kontakt", "--json", *CONSENT)
    assert json.loads(said) == {"counts": {"new": 1, "invalid": 1}, "notes": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "address=Kontakt"], "how its readers gave consent"),
        (["--column", "address=Kontakt", "--consent-source", " "], "how its readers gave consent"),
        (["--column", "age=Kontakt"], "is not FIELD=COLUMN"),
        (["--column", "address=Kontakt", "--topic", "alchemy", *CONSENT], "There is no topic alchemy"),
        ([*CONSENT], "Say which it is. It has Kontakt"),
    ],
)
def test_it_says_what_is_missing(path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace(".", r"\.")):
        run(str(path), *arguments)


def test_it_says_that_rejected_rows_could_not_be_written_before_it_imports(path: Path, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "nowhere" / "rejects.csv")
    with pytest.raises(CommandError, match="Name another file with --rejects"):
        run(str(path), "--column", "address=Kontakt", "--rejects", elsewhere, *CONSENT)
    assert not Subscriber.objects.exists()


def test_it_says_that_a_file_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read: Is a directory"):
        run(str(tmp_path), *CONSENT)


def test_it_says_that_there_is_no_such_file() -> None:
    with pytest.raises(CommandError, match="There is no file"):
        run("/nowhere.csv", *CONSENT)
