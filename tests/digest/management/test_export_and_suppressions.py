"""The commands that export readers and import suppression lists."""

import csv
import datetime as dt
import errno
import io
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from subscriptions.email_addresses import address_hash
from subscriptions.exchange import export
from subscriptions.models import Subscriber, Suppression, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import SETTINGS, Preferences
from tests.conftest import NOW, make_reader

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def readers(learning: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 1)
    make_reader("ada@example.org", topics=[learning], words="=SUM(1)")
    make_reader("+grace@example.org", frequency="weekly")
    lifecycle.unsubscribe(make_reader("left@example.org"), now=NOW)


@pytest.mark.usefixtures("readers")
def test_it_exports_all_readers_without_formulas() -> None:
    found = rows(run("export_readers"))
    assert [row["email"] for row in found] == ["ada@example.org", "'+grace@example.org", "left@example.org"]
    assert (found[0]["topics"], found[0]["words"]) == ("Learning", "'=SUM(1)")


@pytest.mark.usefixtures("readers")
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--status", "active"], ["ada@example.org", "'+grace@example.org"]),
        (["--status", "unsubscribed", "--status", "pending"], ["left@example.org"]),
        (["--frequency", "weekly"], ["'+grace@example.org"]),
        (["--topic", "learning"], ["ada@example.org"]),
        (["--from", "2999-01-01"], []),
        (["--before", "2999-01-01", "--status", "unsubscribed"], ["left@example.org"]),
    ],
)
def test_it_exports_the_chosen_readers_and_columns(filters: list[str], expected: list[str]) -> None:
    found = rows(run("export_readers", *filters, "--column", "email", "--column", "status"))
    assert [row["email"] for row in found] == expected
    assert all(set(row) == {"email", "status"} for row in found)


@pytest.mark.usefixtures("readers")
def test_an_export_can_be_imported_on_another_site(tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    run("export_readers", "--output", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = dict(Subscriber.objects.exclude(status="unsubscribed").values_list("email", "frequency"))
    Subscriber.objects.all().delete()
    run("import_readers", str(path), "--consent-source", "our former site")
    assert dict(Subscriber.objects.values_list("email", "frequency")) == before
    follows = {str(row) for row in Subscriber.objects.get(email="ada@example.org").filters.all()}
    assert follows == {"Learning", "=SUM(1)"}


def state(email: str) -> dict[str, Any]:
    reader = Subscriber.objects.get(email=email)
    names = ("status", "paused_until", "follows_likes", "created_at", "confirmed_at", *SETTINGS)
    follows = Preferences.of(reader)
    topics = sorted(topic.slug for topic in follows.topics)
    return {name: getattr(reader, name) for name in names} | {"topics": topics, "words": follows.words}


@pytest.mark.both_databases
def test_an_imported_export_gives_each_reader_all_that_they_had(tmp_path: Path, learning: Topic) -> None:
    grids = Topic.objects.create(slug="grids", name="Distributed, Parallel, and Cluster Computing", group="Systems")
    make_reader("plain@example.org")
    reader = make_reader(
        "ada@example.org",
        topics=[grids, learning],
        words="diffusion, -survey\n-review\nabout: a sentence, with a comma",
        frequency="weekly",
        send_hour=23,
        time_zone="Asia/Kolkata",
        max_papers=25,
        mail_quiet_days=True,
        amount="fewer",
        one_list=True,
        language="de",
    )
    Subscriber.objects.update(follows_likes=False, confirmed_at=NOW, created_at=NOW - dt.timedelta(days=9))
    lifecycle.pause(reader, dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30))
    alone = make_reader("alone@example.org", topics=[grids])
    Subscriber.objects.filter(pk=alone.pk).update(confirmed_at=NOW, created_at=NOW)
    make_reader("gone@example.org")
    lifecycle.suppress("gone@example.org", "bounced")
    everyone = ("plain@example.org", "ada@example.org", "alone@example.org")
    before = {email: state(email) for email in everyone}
    path = tmp_path / "readers.csv"
    run("export_readers", "--output", str(path))
    Subscriber.objects.all().delete()
    report = run("import_readers", str(path), "--consent-source", "our former site")
    assert "Not known here" not in report
    assert "rejected" not in report
    assert {email: state(email) for email in everyone} == before


def test_it_exports_suppressions_as_hashes() -> None:
    lifecycle.suppress("gone@example.org", "bounced")
    [row] = rows(run("export_readers", "--suppressions"))
    assert (row["address_hash"], row["reason"]) == (address_hash("gone@example.org"), "bounced")


def test_it_says_that_there_is_no_such_topic() -> None:
    with pytest.raises(CommandError, match="There is no topic alchemy"):
        run("export_readers", "--topic", "alchemy")


def test_it_says_that_the_file_can_not_be_written(tmp_path: Path) -> None:
    for output in (tmp_path, tmp_path / "nowhere" / "readers.csv"):
        with pytest.raises(CommandError, match="can't be written"):
            run("export_readers", "--output", str(output))


def test_it_suppresses_the_addresses_of_a_list_and_ends_their_subscriptions(tmp_path: Path, alice: Any) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,reason\n{alice.email.upper()},hard bounce\nnew@example.org,spam\nbad,\n")
    assert "2  addresses suppressed" in run("import_suppressions", str(path), "--dry-run")
    assert not Suppression.objects.exists()
    assert "2  addresses suppressed" in run("import_suppressions", str(path), "--by", "ida")
    assert set(Suppression.objects.values_list("reason", flat=True)) == {"bounced", "complained"}
    alice.refresh_from_db()
    assert alice.status == "suppressed"
    assert "2  suppressed already" in run("import_suppressions", str(path))


def test_addresses_without_a_reason_get_that_of_the_command(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a@example.org\n")
    run("import_suppressions", str(path), "--reason", "complained")
    assert Suppression.objects.get().reason == "complained"


def test_an_export_that_fails_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Iterator[str]:
        yield "email"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export, "readers", fail)
    output = tmp_path / "readers.csv"
    output.write_text("of yesterday")
    with pytest.raises(CommandError, match=r"No space left on device\. Free some space"):
        run("export_readers", "--output", str(output))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("readers.csv", "of yesterday")]


def test_it_refuses_days_in_the_wrong_order() -> None:
    with pytest.raises(CommandError, match="--from must be before --before"):
        run("export_readers", "--from", "2026-02-01", "--before", "2026-01-01")


@pytest.mark.parametrize("command", ["import_readers", "import_suppressions"])
def test_it_refuses_a_name_that_the_log_has_no_room_for(command: str) -> None:
    with pytest.raises(CommandError, match="the name is longer than 100 characters"):
        run(command, "list.csv", "--by", "y" * 101)


@pytest.mark.parametrize("arguments", [["import_readers", "--consent-source", "a form"], ["import_suppressions"]])
def test_a_file_that_can_not_be_read_to_its_end_is_named(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="The import stopped"):
        run(arguments[0], "/proc/self/mem", *arguments[1:])
