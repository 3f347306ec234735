"""The scheduler after the clock was set back, and after a release with other tasks."""

import datetime as dt

import pytest
import time_machine
from django.db import OperationalError
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.beat_schedule import BEAT
from config.celery import app
from digest.models import Heartbeat
from digest.ops.health import heartbeats
from digest.processes import beat
from digest.processes.beat import ScheduleEntry, Scheduler
from tests.conftest import NOW

MINUTE = dt.timedelta(minutes=1)


@pytest.mark.django_db
@pytest.mark.parametrize("last_run_at", [NOW - MINUTE, NOW + dt.timedelta(days=1)])
def test_it_runs_again_within_its_interval(last_run_at: dt.datetime) -> None:
    every_minute = IntervalSchedule.objects.create(every=1, period="minutes")
    task = PeriodicTask.objects.create(
        name="tick", task="digest.tasks.send_due_digests", interval=every_minute, last_run_at=last_run_at
    )
    with time_machine.travel(NOW, tick=False) as clock:
        entry = ScheduleEntry(task, app=app)
        entry.is_due()
        clock.move_to(NOW + MINUTE)
        assert entry.is_due().is_due


@pytest.mark.django_db(transaction=True)  # a scheduler drops the connection of an open one
def test_it_deletes_tasks_of_earlier_releases_and_keeps_those_of_admins() -> None:
    every_minute = IntervalSchedule.objects.create(every=1, period="minutes")
    earlier = (
        "digest.tasks.send_mails",
        "every minute, plan and send the digests that are due",
        "every morning, report to the operators",
    )
    own = ("every Sunday, report", "fetch at noon, too")
    for name in (*earlier, *own):
        PeriodicTask.objects.create(name=name, task="digest.tasks.send_due_digests", interval=every_minute)
    Scheduler(app)
    names = set(PeriodicTask.objects.exclude(name="celery.backend_cleanup").values_list("name", flat=True))
    assert names == {*BEAT, *own}


@pytest.mark.django_db(transaction=True)
def test_it_updates_hours_and_keeps_disabled_tasks_disabled() -> None:
    Scheduler(app)
    other = IntervalSchedule.objects.create(every=1, period="days")
    rows = PeriodicTask.objects.filter(name="digest.tasks.report_to_operators")
    rows.update(enabled=False, interval=other, crontab=None)
    Scheduler(app)
    row = rows.get()
    assert (row.enabled, row.interval, row.crontab.hour) == (False, None, "6-23")
    assert "reset each time beat starts" in row.description


def test_ticks_are_not_kept_for_ever_and_none_for_less_than_minutes() -> None:
    app.loader.import_default_modules()
    ages: dict[str, float] = {name: getattr(app.tasks[name], "max_age", 0) for name in BEAT}
    assert [name for name, age in ages.items() if not 900 <= age <= 86_400] == []


@pytest.mark.django_db(transaction=True)
def test_it_leaves_heartbeats_and_goes_on_after_the_database_was_down(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(app)
    monkeypatch.setattr(scheduler, "apply_entry", lambda entry, producer=None: None)
    scheduler.tick()
    assert Heartbeat.objects.get().kind == "beat"
    with monkeypatch.context() as down:
        down.setattr(scheduler, "_beat_at", -1000.0)
        down.setattr(heartbeats, "record", raise_operational_error)
        assert scheduler.tick() == beat.RETRY_AFTER
    monkeypatch.setattr(scheduler, "_beat_at", -1000.0)
    assert scheduler.tick() is not None


def raise_operational_error(*args: object, **kwargs: object) -> None:
    raise OperationalError("connection refused")


def test_every_tick_is_a_task() -> None:
    app.loader.import_default_modules()
    assert BEAT.keys() <= app.tasks.keys()
