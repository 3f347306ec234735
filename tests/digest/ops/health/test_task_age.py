"""Tasks that waited too long are discarded, by the database's clock, and the operators are alerted."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from celery import current_app

from config.celery import app
from digest import clock, tasks
from digest.models import Heartbeat, Incident
from digest.ops.health import incidents, task_age, watch
from digest.ops.health.task_age import AgedTask
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def report_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgedTask, "_reported_at", -task_age.REPORT_EVERY)


def run(task: Any, sent_at: dt.datetime | None, *arguments: Any) -> None:
    """Run the task as a worker does that got it from the broker."""
    task.push_request(args=arguments, **({"sent_at": sent_at.timestamp()} if sent_at else {}))
    try:
        task(*arguments)
    finally:
        task.pop_request()


@time_machine.travel(NOW, tick=False)
def test_it_discards_a_task_that_waited_too_long_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[int] = []

    @app.task(base=AgedTask, max_age=900)
    def probe() -> None:
        ran.append(1)

    for minutes in (20, 30, 14, 0):
        run(probe, NOW - dt.timedelta(minutes=minutes))
    run(probe, None)
    assert len(ran) == 3
    assert caplog.text.count("was discarded") == 1
    assert "waited 20 minutes" in Incident.objects.get(key="discarded").text


def test_a_scheduler_with_a_wrong_clock_has_no_task_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)  # the database's
    with time_machine.travel(NOW - dt.timedelta(hours=1), tick=False):
        headers: dict[str, Any] = {}
        task_age.add_time(headers=headers)
    assert headers == {"sent_at": NOW.timestamp()}
    request = type("Request", (), headers)()
    assert task_age.age(request) == 0


def test_no_task_expires_by_the_clocks_of_two_machines() -> None:
    app.loader.import_default_modules()
    ours: list[Any] = [task for name, task in app.tasks.items() if name.startswith(("digest.", "subscriptions."))]
    assert [task.name for task in ours if task.expires] == []
    assert all(isinstance(task, AgedTask) for task in ours)


@time_machine.travel(NOW, tick=False)
def test_each_queue_leaves_a_heartbeat(settings: Any) -> None:
    current_app.conf.task_always_eager = True
    try:
        tasks.note_queues()
    finally:
        current_app.conf.task_always_eager = False
    assert set(Heartbeat.objects.values_list("kind", "name")) == {
        ("queue", name) for name in settings.CELERY_TASK_QUEUES
    }


def test_the_incident_ends_when_no_task_was_discarded_for_a_while() -> None:
    incidents.begin("discarded", "Tasks waited too long and were discarded", "", now=NOW)
    for minutes in (1, 19):
        watch.run_checks("discarded", now=NOW + dt.timedelta(minutes=minutes))
        assert incidents.open_incidents().exists()
    watch.run_checks("discarded", now=NOW + dt.timedelta(minutes=21))
    assert not incidents.open_incidents().exists()
