"""Checks of the disks, the broker and the database's tables."""

import datetime as dt
from collections.abc import Iterator

from digest.models import Heartbeat
from digest.ops.health import broker, heartbeats, schema
from digest.ops.health.broker import BrokerError
from digest.ops.health.heartbeats import Kind
from digest.ops.health.problems import Problem

LEAST_FREE_MB = 100.0


def missing_migrations(now: dt.datetime) -> Iterator[Problem]:
    missing = schema.missing()
    if missing:
        text = f"Missing: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}. Run manage.py migrate."
        yield Problem("migrations", "The database lacks migrations of this version", text)


def broker_is_down(now: dt.datetime) -> Iterator[Problem]:
    try:
        broker.depths()
    except BrokerError as error:
        text = (
            f"{error}: no task reaches a worker, so nothing is fetched or sent, and forms wait. Nothing is lost. Start "
            "Redis, and check CELERY_BROKER_URL."
        )
        yield Problem("broker", "The broker (Redis) does not answer", text)


def disks_are_full(now: dt.datetime) -> Iterator[Problem]:
    rows = Heartbeat.objects.filter(at__gt=now - heartbeats.SILENT_AFTER, free_mb__lt=LEAST_FREE_MB)
    free = {row.host: row.free_mb or 0 for row in rows.exclude(kind=Kind.QUEUE)}
    here = heartbeats.free_mb()
    if here is not None and here < LEAST_FREE_MB:
        free[heartbeats.host()] = here
    for host, megabytes in sorted(free.items()):
        text = (
            f"{megabytes:.0f} MB are free where VAR_DIR is. Without space for its journal a worker sends nothing; "
            "digests wait. Make space; sending goes on by itself."
        )
        yield Problem(f"disk:{host}", f"The disk of {host} is full", text)
