"""The times of a scheduled task in words, for staff."""

import re

from django_celery_beat.models import CrontabSchedule, PeriodicTask

_EVERY_FEW = re.compile(r"(?:\*|\d+-59)/(\d+)")  # */5, or 2-59/5, which only begins later
_HOURS = re.compile(r"(\d+)-(\d+)")


def when(task: PeriodicTask) -> str:
    """Return when the task runs, such as “Every day at 04:00 UTC”."""
    return _crontab(task.crontab) if task.crontab else str(task.scheduler or "")


def _crontab(crontab: CrontabSchedule) -> str:
    """Return the times of a crontab. What this site does not use itself is described by the package."""
    minute, hour, zone = crontab.minute, crontab.hour, crontab.timezone
    days = {crontab.day_of_month, crontab.month_of_year, crontab.day_of_week}
    if days != {"*"}:
        return str(crontab.human_readable)
    if hour == "*" and minute == "*":
        return "Every minute"
    if hour == "*" and (few := _EVERY_FEW.fullmatch(minute)):
        return f"Every {few[1]} minutes"
    minutes = minute.split(",")
    if not all(one.isdecimal() for one in minutes):
        return str(crontab.human_readable)
    if hour == "*":
        return f"Every hour at {' and '.join(f':{int(one):02}' for one in minutes)}"
    if len(minutes) == 1 and hour.isdecimal():
        return f"Every day at {_time(hour, minute)} {zone}"
    if len(minutes) == 1 and (hours := _HOURS.fullmatch(hour)):
        return f"Every hour from {_time(hours[1], minute)} to {_time(hours[2], minute)} {zone}"
    return str(crontab.human_readable)


def _time(hour: str, minute: str) -> str:
    return f"{int(hour):02}:{int(minute):02}"
