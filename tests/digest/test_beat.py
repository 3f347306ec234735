"""The scheduler after somebody set the clock back."""

import datetime as dt

import pytest
import time_machine
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.celery import app
from digest.beat import Entry
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
        entry = Entry(task, app=app)
        entry.is_due()
        clock.move_to(NOW + MINUTE)
        assert entry.is_due().is_due
