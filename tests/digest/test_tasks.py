"""The tasks: each may start too often, too late or not at all."""

import datetime as dt
import json
from typing import Any

import pytest
from celery import current_app
from django.core import mail

from digest import papers, tasks
from digest.delivery import planner
from digest.models import Delivery, Edition, Source
from subscriptions.models import Subscriber
from subscriptions.readers import lifecycle
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.upstream import Upstream


@pytest.fixture(autouse=True)
def in_process() -> Any:
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = False


def a_paper_a_day(upstream: Upstream, days: int) -> None:
    for number in range(days):
        paper = {"id": f"2608.0000{number}", "title": f"Paper {number}", "summary": "Agents."}
        upstream.say("/api/daily_papers", json.dumps([{"paper": paper}]))


@pytest.mark.usefixtures("now", "hugging_face")
def test_it_begins_with_the_last_seven_days_and_emails_none_of_them(upstream: Upstream) -> None:
    make_reader("all@example.org", send_hour=13)
    a_paper_a_day(upstream, 7)
    tasks.collect_papers()
    assert [str(edition.day) for edition in Edition.objects.all()] == [f"2026-08-{day}" for day in range(20, 13, -1)]
    assert set(Edition.objects.values_list("send_after", flat=True)) == {None}
    tasks.send_due_digests()
    assert not Delivery.objects.exists()


@pytest.mark.usefixtures("now", "hugging_face")
def test_it_begins_later_when_upstream_could_not_be_reached_at_first(upstream: Upstream) -> None:
    upstream.say("/api/daily_papers", "not yet", 404)
    tasks.collect_papers()
    assert not Edition.objects.exists()
    upstream.answers.clear()
    a_paper_a_day(upstream, 7)
    tasks.collect_papers()
    assert Edition.objects.count() == 7


@pytest.mark.usefixtures("now", "edition")
def test_it_reads_the_last_three_days_again(upstream: Upstream) -> None:
    upstream.say("/api/daily_papers", "[]")
    for _ in range(2):
        tasks.collect_papers()
    days = [asked.query["date"] for asked in upstream.asked]
    assert len(days) == 7 + 3
    assert days[-3:] == ["2026-08-20", "2026-08-19", "2026-08-18"]


def test_it_publishes_when_the_hour_has_come(edition: Edition, hugging_face: Any, time_machine: Any) -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    papers.ingest(hugging_face, [make_record("2608.00009", "Tomorrow", day=tomorrow)], tomorrow)
    time_machine.move_to(dt.datetime(2026, 8, 21, 15, 59, tzinfo=dt.UTC))
    tasks.publish_due_edition()
    assert Edition.objects.count() == 1
    time_machine.move_to(dt.datetime(2026, 8, 21, 16, 0, tzinfo=dt.UTC))
    for _ in range(2):
        tasks.publish_due_edition()
    assert Edition.objects.count() == 2
    assert Edition.objects.get(day=tomorrow).send_after is not None


@pytest.mark.usefixtures("edition", "alice")
def test_it_sends_due_digests_only_once(time_machine: Any) -> None:
    time_machine.move_to(NOW + dt.timedelta(hours=18), tick=False)  # 06:00 UTC: not yet
    tasks.send_due_digests()
    assert mail.outbox == []
    time_machine.move_to(NOW + dt.timedelta(hours=19), tick=False)
    for _ in range(3):
        tasks.send_due_digests()
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("edition")
def test_it_resumes_readers_after_their_pause(alice: Subscriber, time_machine: Any) -> None:
    lifecycle.pause(alice, TODAY + dt.timedelta(days=7))
    time_machine.move_to(NOW + dt.timedelta(days=7))
    tasks.send_due_digests()
    alice.refresh_from_db()
    assert (alice.status, alice.paused_until) == (Subscriber.Status.ACTIVE, None)


@pytest.mark.usefixtures("now")
def test_it_waits_with_the_first_editions_until_every_source_was_read(hugging_face: Source, upstream: Upstream) -> None:
    other = Source.objects.create(kind="arxiv", key="cs.RO", name="Robots")
    a_paper_a_day(upstream, 7)
    tasks.collect_source(hugging_face.pk)
    assert not Edition.objects.exists()
    tasks.collect_source(other.pk)  # even if it finds nothing
    assert Edition.objects.count() == 7


@pytest.mark.usefixtures("edition", "alice")
def test_it_sends_queued_digests_although_planning_fails(monkeypatch: pytest.MonkeyPatch, edition: Edition) -> None:
    planner.plan_everyone(edition, now=NOW)

    def fail(*, now: dt.datetime) -> int:
        raise RuntimeError("a bug")

    monkeypatch.setattr(planner, "plan_due", fail)
    with pytest.raises(RuntimeError):
        tasks.send_due_digests()
    assert len(mail.outbox) == 1
