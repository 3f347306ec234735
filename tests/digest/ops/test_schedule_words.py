"""The times of a scheduled task, in words."""

import pytest
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from config.beat_schedule import BEAT
from digest.ops import schedule_words


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({}, "Every minute"),
        ({"minute": "*/5"}, "Every 5 minutes"),
        ({"minute": "2-59/5"}, "Every 5 minutes"),
        ({"minute": "25"}, "Every hour at :25"),
        ({"minute": "5,40"}, "Every hour at :05 and :40"),
        ({"minute": "0", "hour": "4"}, "Every day at 04:00 UTC"),
        ({"minute": "30", "hour": "6-23"}, "Every hour from 06:30 to 23:30 UTC"),
        ({"minute": "0", "hour": "7", "timezone": "Europe/Berlin"}, "Every day at 07:00 Europe/Berlin"),
        ({"minute": "0", "hour": "4", "day_of_week": "1"}, "At 04:00 AM, only on Monday UTC"),
        ({"minute": "0-10", "hour": "4"}, "Every minute between 04:00 AM and 04:10 AM UTC"),
        ({"minute": "0", "hour": "*/6"}, "Every 6 hours UTC"),
    ],
)
def test_a_crontab_is_said_in_words(times: dict[str, str], words: str) -> None:
    assert schedule_words.when(PeriodicTask(crontab=CrontabSchedule(**times))) == words


def test_an_interval_is_said_as_the_package_says_it() -> None:
    assert schedule_words.when(PeriodicTask(interval=IntervalSchedule(every=2, period="days"))) == "every 2 days"


@pytest.mark.django_db
def test_each_task_of_the_site_has_own_words() -> None:
    crontabs = {name: CrontabSchedule.from_schedule(entry["schedule"]) for name, entry in BEAT.items()}
    words = {name: schedule_words.when(PeriodicTask(crontab=crontab)) for name, crontab in crontabs.items()}
    assert [name for name, text in words.items() if not text.startswith("Every ") or "M " in text] == []
