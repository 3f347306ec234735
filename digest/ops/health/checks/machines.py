"""Checks of what the processes depend on: disks, files, the broker, the database's tables and backups."""

import datetime as dt
from collections.abc import Iterator

from digest.models import Heartbeat, Incident, Installation
from digest.models.installations import ONLY
from digest.ops.health import backup_report, broker, heartbeats, schema
from digest.ops.health.broker import BrokerError
from digest.ops.health.heartbeats import Kind
from digest.ops.health.problems import HealthProblem

LEAST_FREE_MB = 100.0
BACKUP_LATE_AFTER = dt.timedelta(hours=50)  # two nights, and the timer's spread
BACKUPS_ENDED_AFTER = dt.timedelta(days=30)  # from then on, backups are taken to be made some other way


def missing_migrations(now: dt.datetime) -> Iterator[HealthProblem]:
    missing = schema.missing()
    if missing:
        text = f"Missing: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}. Run manage.py migrate."
        yield HealthProblem("migrations", "The database lacks migrations of this version", text)


def broker_is_down(now: dt.datetime) -> Iterator[HealthProblem]:
    try:
        broker.depths()
    except BrokerError as error:
        text = (
            f"{error}: no task reaches a worker, so nothing is fetched or sent, and forms wait. Nothing is lost. Start "
            "Redis, and check CELERY_BROKER_URL."
        )
        yield HealthProblem("broker", "The broker (Redis) does not answer", text)


def disks_are_nearly_full(now: dt.datetime) -> Iterator[HealthProblem]:
    rows = Heartbeat.objects.filter(at__gt=now - heartbeats.SILENT_AFTER, free_mb__lt=LEAST_FREE_MB)
    free = {row.host: row.free_mb or 0 for row in rows.exclude(kind=Kind.QUEUE)}
    here = heartbeats.free_mb()
    if here is not None and here < LEAST_FREE_MB:
        free[heartbeats.host()] = here
    for host, megabytes in sorted(free.items()):
        text = (
            f"{megabytes:.0f} MB are free where VAR_DIR is. Without space for its journal a worker sends nothing; "
            "digests wait. Make space; sending then resumes by itself."
        )
        yield HealthProblem(f"disk:{host}", f"The disk of {host} is nearly full", text)


def files_are_unwritable(now: dt.datetime) -> Iterator[HealthProblem]:
    """Yield the machines where a process can't write its own files, such as its journal."""
    rows = Heartbeat.objects.filter(at__gt=now - heartbeats.SILENT_AFTER).exclude(unwritable="")
    closed = {row.host: row.unwritable for row in rows}
    if here := heartbeats.unwritable():
        closed[heartbeats.host()] = here
    for host, path in sorted(closed.items()):
        text = (
            f"{path} can't be written. Without its journal a worker sends nothing; digests wait. If root wrote it, "
            "give it to the services' user (chown). If the disk is read-only, see dmesg."
        )
        yield HealthProblem(f"files:{host}", f"A process on {host} can't write its files", text)


def backups_are_missing(now: dt.datetime) -> Iterator[HealthProblem]:
    """Yield a problem if the backups of a timer have stopped. Keep the incident of a backup that failed."""
    for one in Incident.objects.filter(key=backup_report.FAILED, ended_at=None):
        yield HealthProblem(one.key, one.heading, one.text, one.path, is_reported=True)
    late = Installation.objects.filter(pk=ONLY, backed_up_at__lt=now - BACKUP_LATE_AFTER)
    last = late.filter(backed_up_at__gt=now - BACKUPS_ENDED_AFTER).first()
    if last and last.backed_up_at:
        text = (
            f"The last one was made on {last.backed_up_at:%Y-%m-%d}. See systemctl list-timers papers-backup.timer, "
            "and journalctl -u papers-backup. manage.py backup --keep 14 makes one."
        )
        yield HealthProblem("backup:late", "No backup was made for two nights", text)
