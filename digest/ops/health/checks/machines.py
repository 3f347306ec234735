"""Checks of what the processes depend on: disks, files, the broker, the database's tables and backups."""

import datetime as dt
from collections.abc import Iterator

from digest.ops.health import backup_report, broker, heartbeats, schema
from digest.ops.health.broker import BrokerError
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot

MIN_FREE_MB = 100.0
BACKUP_LATE_AFTER = dt.timedelta(hours=50)  # two nights, and the timer's spread
BACKUPS_ENDED_AFTER = dt.timedelta(days=30)  # from then on, backups are taken to be made some other way


def missing_migrations(site: Snapshot) -> Iterator[HealthProblem]:
    missing = schema.missing(schema.applied())
    if missing:
        text = f"Missing: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}. Run manage.py migrate."
        yield HealthProblem("migrations", "The database lacks migrations of this version", text)


def broker_is_down(site: Snapshot) -> Iterator[HealthProblem]:
    try:
        broker.depths()
    except BrokerError as error:
        text = (
            f"{error}: no task reaches a worker, so nothing is fetched or sent, and forms wait. Nothing is lost. Start "
            "Redis, and check CELERY_BROKER_URL."
        )
        yield HealthProblem("broker", "The broker (Redis) does not answer", text)


def disks_are_nearly_full(site: Snapshot) -> Iterator[HealthProblem]:
    free = {row.host: row.free_mb for row in site.processes if row.free_mb is not None and row.free_mb < MIN_FREE_MB}
    here = heartbeats.free_mb()
    if here is not None and here < MIN_FREE_MB:
        free[heartbeats.host()] = here
    for host, megabytes in sorted(free.items()):
        text = (
            f"{megabytes:.0f} MB are free where VAR_DIR is. Without space for its journal a worker sends nothing; "
            "digests wait. Make space; sending then resumes by itself."
        )
        yield HealthProblem(f"disk:{host}", f"The disk of {host} is nearly full", text)


def has_unknown_disk(site: Snapshot) -> str:
    """Return that this machine's free space is unknown, or an empty string."""
    return "The free space of VAR_DIR is unknown." if heartbeats.free_mb() is None else ""


def files_are_unwritable(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield the machines where a process can't write its own files, such as its journal."""
    closed = {row.host: row.unwritable for row in site.processes if row.unwritable}
    if here := heartbeats.unwritable():
        closed[heartbeats.host()] = here
    for host, path in sorted(closed.items()):
        text = (
            f"{path} can't be written. Without its journal a worker sends nothing; digests wait. If root wrote it, "
            "give it to the services' user (chown). If the disk is read-only, see dmesg."
        )
        yield HealthProblem(f"files:{host}", f"A process on {host} can't write its files", text)


def backups_are_missing(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield a problem if the backups of a timer have stopped. Keep the incident of a backup that failed."""
    for one in site.incidents:
        if one.key == backup_report.FAILED:
            yield HealthProblem(one.key, one.heading, one.text, one.path, is_reported=True)
    last = site.installation.backed_up_at
    if last and site.now - BACKUPS_ENDED_AFTER < last < site.now - BACKUP_LATE_AFTER:
        text = (
            f"The last one was made on {last:%Y-%m-%d}. See systemctl list-timers papers-backup.timer, "
            "and journalctl -u papers-backup. manage.py backup --keep 14 makes one."
        )
        yield HealthProblem("backup:late", "No backup was made for two nights", text)


def no_backup_is_known(site: Snapshot) -> str:
    """Return that no timer seems to make backups, or an empty string."""
    last = site.installation.backed_up_at
    if last and last >= site.now - BACKUPS_ENDED_AFTER:
        return ""
    known = f"The last scheduled backup was made on {last:%Y-%m-%d}" if last else "No scheduled backup is known"
    return f"{known}. Enable papers-backup.timer, or make sure that backups are made some other way (docs/backup.md)."
