"""What an operator types, and what comes back."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from digest import editions, papers
from digest.models import Delivery, Edition, FetchRun, Paper, Source
from subscriptions.models import Subscriber, Topic
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.upstream import Upstream

pytestmark = pytest.mark.usefixtures("now", "hugging_face")

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
    assert [asked.query["date"] for asked in upstream.asked] == ["2026-08-18", "2026-08-19", "2026-08-20"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"first": "2026-08-20", "last": "2026-08-18"}, "comes after"),
        ({"last": "2026-08-18"}, "--to needs --from"),
        ({"first": "2026-08-18", "date": "2026-08-18"}, "either --date"),
    ],
)
def test_it_refuses_a_span_that_is_none(options: dict[str, str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("fetch_papers", **options)


def test_it_says_why_nothing_came(upstream: Upstream, capsys: Any) -> None:
    upstream.say("/api/daily_papers", "[]")
    assert "listed nothing for 2026-08-20 (Thursday)" in run("fetch_papers", capsys)
    assert run("publish_edition", capsys).startswith("No edition of 2026-08-20: Hugging Face Daily Papers: ")


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
        "1 weekly reader will have it in the week's digest."
    )
    assert json.loads(run("send_digests", capsys, json=True))["sent_now"] == 0
    assert len(mail.outbox) == 1


def test_it_runs_the_day_and_says_what_it_did(upstream: Upstream, capsys: Any, learning: Topic) -> None:
    make_reader("all@example.org")
    upstream.say("/api/daily_papers", json.dumps(PAPERS))
    assert run("run_day", capsys).splitlines() == [
        "Fetched 2026-08-20: 2 new, 0 changed, 0 unchanged, 0 rejected.",
        "Published the edition of 2026-08-20 with 2 papers.",
        "Edition of 2026-08-20: 1 digest sent now, 1 sent in all.",
    ]
    assert [Edition.objects.count(), Delivery.objects.count()] == [1, 1]


def test_it_ends_a_day_without_papers_calmly(upstream: Upstream, capsys: Any) -> None:
    upstream.say("/api/daily_papers", "[]")
    assert "No edition of 2026-08-20" in run("run_day", capsys)
    assert not Edition.objects.exists()


@pytest.mark.usefixtures("edition")
def test_it_previews_without_sending(capsys: Any, alice: Subscriber, learning: Topic, tmp_path: Any) -> None:
    assert "Faster Diffusion" in run("preview_digest", capsys, email="ALICE@example.org")
    assert "Reinforcement Learning at Scale" in run("preview_digest", capsys, topic=["learning"], date=str(TODAY))
    assert "No mail: none of the 3 papers of 2026-08-20 match" in run("preview_digest", capsys, words="submarines")
    run("preview_digest", capsys, topic=["learning"], html=tmp_path / "mail.html")
    assert "<html" in (tmp_path / "mail.html").read_text()
    assert not Delivery.objects.exists()
    assert mail.outbox == []


@pytest.mark.usefixtures("edition", "learning")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "Say whose digest"),
        ({"email": "a@example.org", "topic": ["learning"]}, "Say whose digest"),
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
    editions.publish(friday, now=NOW + dt.timedelta(days=1))
    make_reader("weekly@example.org", frequency="weekly")
    shown = run("preview_digest", capsys, email="weekly@example.org")
    assert "Friday's Agents" in shown
    assert "Faster Diffusion" in shown
