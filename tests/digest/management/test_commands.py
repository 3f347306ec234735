"""The management commands, with their output and errors."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection

from digest import papers
from digest.editions import publication
from digest.ingest import fetcher
from digest.models import Delivery, Edition, FetchRun, Paper, Source
from digest.processes import single_process
from subscriptions.models import Subscriber, Topic
from subscriptions.readers import lifecycle
from subscriptions.readers.preferences import Preferences
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.upstream import Upstream

pytestmark = pytest.mark.usefixtures("now", "hugging_face")

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PAPERS = [
    {"paper": {"id": "2608.00001", "title": "Agents", "summary": "They act.", "upvotes": 5}},
    {"paper": {"id": "2608.00002", "title": "Robots", "summary": "They move.", "upvotes": 9}},
]


def run(name: str, capsys: Any, **options: Any) -> str:
    call_command(name, **options)
    return str(capsys.readouterr().out).strip()


@pytest.mark.parametrize("name", ["fetch_papers", "publish_edition", "send_digests", "run_day"])
@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-13-40", "is not a day"),
        ("yesterday", "is not a day"),
        ("2026-08-21", "in the future; today is 2026-08-20"),
    ],
)
def test_it_refuses_what_is_no_day(name: str, day: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command(name, date=day)


def test_it_fetches_a_day(upstream: Upstream, capsys: Any) -> None:
    upstream.say("/api/daily_papers", json.dumps(PAPERS))
    assert run("fetch_papers", capsys) == "Fetched 2026-08-20: 2 new, 0 changed, 0 unchanged, 0 rejected."
    assert run("fetch_papers", capsys) == "Fetched 2026-08-20: 0 new, 0 changed, 2 unchanged, 0 rejected."


def test_it_fetches_a_span_of_days(upstream: Upstream, capsys: Any) -> None:
    upstream.say("/api/daily_papers", "[]")
    options = {"first": "2026-08-18", "last": "2026-08-20", "json": True}
    assert json.loads(run("fetch_papers", capsys, **options))["days"] == ["2026-08-18", "2026-08-19", "2026-08-20"]
    assert [asked.query["date"] for asked in upstream.asked] == ["2026-08-20", "2026-08-19", "2026-08-18"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"first": "2026-08-20", "last": "2026-08-18"}, "is after"),
        ({"last": "2026-08-18"}, "--to requires --from"),
        ({"first": "2026-08-18", "date": "2026-08-18"}, "either --date"),
        ({"first": "0001-01-01", "last": "2026-08-18"}, "are 739,846 days. Give at most 1,000"),
    ],
)
def test_it_refuses_a_wrong_span_of_days(options: dict[str, str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("fetch_papers", **options)


def test_it_says_why_nothing_came(upstream: Upstream, capsys: Any) -> None:
    upstream.say("/api/daily_papers", "[]")
    assert "listed nothing for 2026-08-20 (Thursday)" in run("fetch_papers", capsys)
    assert run("publish_edition", capsys).startswith(
        "No edition of 2026-08-20: Hugging Face Daily Papers listed nothing"
    )


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ("<!doctype html><p>Sign in", 200, "not JSON: it begins “<!doctype html>"),
        ("", 200, "the answer is empty"),
        ('{"error": "x"}', 200, "not a list of papers"),
        ('[{"paper": {}}]', 200, "1 of 1 items can't be read"),
        ("gone", 404, "answered 404"),
    ],
)
def test_it_fails_clearly_and_keeps_what_it_had(
    upstream: Upstream, capsys: Any, body: str, status: int, says: str
) -> None:
    upstream.say("/api/daily_papers", json.dumps(PAPERS))
    upstream.say("/api/daily_papers", body, status)
    run("fetch_papers", capsys)
    with pytest.raises(SystemExit) as ended:
        call_command("fetch_papers")
    assert ended.value.code == 1
    assert says in capsys.readouterr().out
    assert FetchRun.objects.first().status == FetchRun.Status.FAILED  # type: ignore[union-attr]
    assert Paper.objects.count() == 2


def test_it_says_so_when_every_source_is_off(capsys: Any) -> None:
    Source.objects.update(is_active=False)
    with pytest.raises(SystemExit):
        call_command("fetch_papers")
    assert "No source is switched on" in capsys.readouterr().out


def test_it_refuses_to_send_an_edition_that_is_not_there() -> None:
    with pytest.raises(CommandError, match=r"no edition of 2026-08-20.*Run publish_edition --date 2026-08-20 first"):
        call_command("send_digests")


@pytest.mark.usefixtures("edition", "alice", "bob", "charlie")
def test_it_sends_to_all_active_readers_once(capsys: Any) -> None:
    make_reader("quiet@example.org", words="submarines")
    make_reader("weekly@example.org", frequency="weekly")
    line = run("send_digests", capsys)
    assert line == (
        "Edition of 2026-08-20: 1 digest sent now, 1 sent in all, 1 skipped; "
        "1 weekly reader will get it in the weekly digest."
    )
    assert json.loads(run("send_digests", capsys, json=True))["sent_now"] == 0
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("edition", "alice")
@pytest.mark.parametrize("name", ["send_digests", "run_day"])
def test_it_mails_no_links_that_lead_past_the_site_that_runs(name: str, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR, settings.SITE_URL = tmp_path, "http://127.0.0.1:8123"
    with single_process.only_instance(tmp_path / "allinone.lock"):
        settings.SITE_URL = "http://127.0.0.1:8000"
        with pytest.raises(CommandError, match=r"runs at http://127\.0\.0\.1:8123, but links in these emails would"):
            call_command(name)
        assert mail.outbox == []
        settings.SITE_URL = "http://127.0.0.1:8123"
        call_command("send_digests")
    assert len(mail.outbox) == 1
    settings.SITE_URL = "http://127.0.0.1:8000"  # the process that left the file has ended
    call_command("send_digests")


def test_it_runs_the_day_and_says_what_it_did(upstream: Upstream, capsys: Any, learning: Topic) -> None:
    make_reader("all@example.org")
    upstream.say("/api/daily_papers", json.dumps(PAPERS))
    assert run("run_day", capsys) == (
        "Fetched 2026-08-20: 2 new, 0 changed, 0 unchanged, 0 rejected. "
        "Published the edition of 2026-08-20 with 2 papers. "
        "Edition of 2026-08-20: 1 digest sent now, 1 sent in all."
    )
    assert [Edition.objects.count(), Delivery.objects.count()] == [1, 1]


def test_it_ends_a_day_without_papers_calmly(upstream: Upstream, capsys: Any) -> None:
    upstream.say("/api/daily_papers", "[]")
    assert "No edition of 2026-08-20" in run("run_day", capsys)
    assert not Edition.objects.exists()


@pytest.mark.usefixtures("edition")
def test_it_previews_without_sending(capsys: Any, alice: Subscriber, learning: Topic, tmp_path: Any) -> None:
    assert "Faster Diffusion" in run("preview_digest", capsys, email="ALICE@example.org")
    assert "Reinforcement Learning at Scale" in run("preview_digest", capsys, topic=["learning"], date=str(TODAY))
    assert "No email: none of the 3 papers of 2026-08-20 match" in run("preview_digest", capsys, words="submarines")
    run("preview_digest", capsys, topic=["learning"], html=tmp_path / "mail.html")
    assert "<html" in (tmp_path / "mail.html").read_text()
    assert not Delivery.objects.exists()
    assert mail.outbox == []


@pytest.mark.usefixtures("edition", "learning")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "Give either --email"),
        ({"email": "a@example.org", "topic": ["learning"]}, "Give either --email"),
        ({"email": "nobody@example.org"}, "No reader has the address"),
        ({"topic": ["lerning"]}, "Did you mean learning"),
        ({"words": "cat:cs?"}, "not an arXiv category"),
        ({"topic": ["learning"], "date": "2026-08-19"}, "no edition of 2026-08-19"),
    ],
)
def test_it_says_what_is_wrong_with_a_preview(options: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("preview_digest", **options)


def test_it_previews_a_weekly_readers_week(edition: Edition, hugging_face: Source, capsys: Any) -> None:
    friday = TODAY + dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.00009", "Friday's Agents", day=friday)], friday)
    publication.publish(friday, now=NOW + dt.timedelta(days=1))
    make_reader("weekly@example.org", frequency="weekly")
    shown = run("preview_digest", capsys, email="weekly@example.org")
    assert "Friday's Agents" in shown
    assert "Faster Diffusion" in shown


def test_it_tries_at_once_what_waits_when_a_person_asks(
    edition: Edition, alice: Subscriber, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMessage, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError("refused")

    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", refuse)
        with pytest.raises(SystemExit):
            call_command("send_digests")
    said = capsys.readouterr().out
    assert re.search(r"1 waiting for another try. The connection failed: refused. Next try at 12:(08|09|1.) UTC.", said)
    assert "1 digest sent now" in run("send_digests", capsys)


@pytest.mark.usefixtures("edition", "learning")
def test_it_previews_as_json(capsys: Any) -> None:
    shown = json.loads(run("preview_digest", capsys, topic=["learning"], json=True))
    assert shown["papers"][0] == "arxiv:2608.00001"
    assert json.loads(run("preview_digest", capsys, words="submarines", json=True)) == {"papers": []}


@pytest.mark.usefixtures("edition")
def test_it_previews_what_a_reader_would_get_who_has_not_confirmed(capsys: Any) -> None:
    lifecycle.sign_up("new@example.org", Preferences(words="reinforcement learning"), now=NOW)
    call_command("preview_digest", email="new@example.org")
    shown = capsys.readouterr()
    assert "Reinforcement Learning at Scale" in shown.out
    assert "new@example.org has not confirmed and gets no email yet." in shown.err
    assert Subscriber.objects.get(email="new@example.org").confirmed_at is None


@pytest.mark.usefixtures("edition", "learning")
def test_it_previews_topics_and_words_under_headings_as_readers_get_them(capsys: Any) -> None:
    shown = run("preview_digest", capsys, topic=["learning"], words="diffusion")
    assert re.findall("^## (.+)$", shown, re.MULTILINE) == ["Learning", "“diffusion”"]


@pytest.mark.usefixtures("edition")
def test_it_previews_in_the_readers_language(capsys: Any, learning: Topic) -> None:
    make_reader("german@example.org", topics=[learning], language="de")
    assert "20. August 2026" in run("preview_digest", capsys, email="german@example.org")
    assert "20 August 2026" in run("preview_digest", capsys, topic=["learning"])


@pytest.mark.usefixtures("edition", "learning")
def test_it_says_where_a_preview_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be written: No such file or directory"):
        call_command("preview_digest", topic=["learning"], html=tmp_path / "nowhere" / "mail.html")


def test_it_says_what_to_do_with_an_empty_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", lambda: [])
    with pytest.raises(CommandError, match=r"not prepared yet\. Run `make run`"):
        call_command("run_day")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"PORT": "99999"}, "Settings: PORT is “99999”. Write a whole number from 1 to 65535."),
        ({"PORT": "abc"}, "Settings: PORT is “abc”"),
        ({"PUBLISH_HOUR": "25"}, "from 0 to 23"),
        ({"EMAIL_URL": "bogus://x"}, "Settings: EMAIL_URL can't be read."),
        ({"TEMPLATES_DIR": "/dev/null"}, "Settings: TEMPLATES_DIR is “/dev/null”, which is not a folder."),
        ({"VAR_DIR": "/dev/null/var"}, "VAR_DIR: /dev/null/var can't be written"),
    ],
)
def test_it_says_which_setting_is_wrong(setting: dict[str, str], says: str) -> None:
    command = [sys.executable, "manage.py", "check"]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | setting, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("database", ["postgresql://papers@127.0.0.1:9/papers", "sqlite:///{}/damaged.sqlite3"])
def test_it_says_in_one_line_that_the_database_is_down_or_damaged(tmp_path: Path, database: str) -> None:
    """Django's own commands would end in a traceback."""
    (tmp_path / "damaged.sqlite3").write_bytes(b"not a database " * 100)
    setting = {"DATABASE_URL": database.format(tmp_path), "VAR_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT, env=os.environ | setting, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: The database can't be used:")
    assert "Traceback" not in ended.stderr


def test_it_ends_without_a_traceback_when_the_reader_of_a_pipe_is_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ended = subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=ROOT, env=os.environ, stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, "")


def test_it_keeps_what_was_read_when_it_is_stopped(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.say("/api/daily_papers", json.dumps(PAPERS))
    read = fetcher.fetch_one

    def stop_on_the_second_day(source: Source, day: dt.date, **options: Any) -> FetchRun:
        if day != TODAY:
            raise KeyboardInterrupt
        return read(source, day, **options)

    with monkeypatch.context() as stopped:
        stopped.setattr(fetcher, "fetch_one", stop_on_the_second_day)
        with pytest.raises(CommandError, match="Finished work is kept") as ended:
            call_command("fetch_papers", first="2026-08-19", last="2026-08-20")
    assert ended.value.returncode == 130
    assert Paper.objects.count() == 2
    call_command("fetch_papers", first="2026-08-19", last="2026-08-20")
    assert FetchRun.objects.filter(status="ok").count() == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["move", "--to", "mysql://db/papers"], "Write --to like"),
        (["move", "--to", "postgresql://["], "Write --to like"),
        (["move", "--to", "postgresql://db:99999/papers"], "Write --to like"),
        (["count_as_sent", "--until", "0001-01-01T00:00+10:00"], "is not a time"),
        (["pause", "a new server", "--until", "9999-12-31T23:59-10:00"], "is not a time"),
    ],
)
@pytest.mark.django_db
def test_it_refuses_values_outside_of_their_range(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command(*arguments)
