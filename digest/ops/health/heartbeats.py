"""Heartbeats: each process leaves one in the database every half minute, and each queue when it runs a task."""

import datetime as dt
import os
import shutil
import socket

from django.conf import settings
from django.utils import timezone

from digest import clock
from digest.models import Heartbeat

EVERY = 30.0  # seconds
SILENT_AFTER = dt.timedelta(seconds=80)
Kind = Heartbeat.Kind


def host() -> str:
    return socket.gethostname()


def free_mb() -> float | None:
    """Return the megabytes that are free in VAR_DIR, or None if that is unknown."""
    try:
        return shutil.disk_usage(settings.VAR_DIR).free / 1e6
    except OSError:
        return None


def record(kind: Kind, name: str, *, queues: str = "", waited: float | None = None, depth: int | None = None) -> None:
    """Store that this process, or a queue, is alive: in one statement, so that processes never wait for each other."""
    now = clock.now()
    row = Heartbeat(
        kind=kind,
        name=name,
        host=host(),
        version=settings.VERSION,
        queues=queues,
        started_at=now,
        at=now,
        own_clock=timezone.now(),
        free_mb=free_mb(),
        waited=waited,
        depth=depth,
    )
    fields = ["host", "version", "queues", "at", "own_clock", "free_mb", "waited", "depth"]
    Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["kind", "name"], update_fields=fields)


def forget(kind: Kind, name: str) -> None:
    """Delete the heartbeat of a process that ends as it should."""
    Heartbeat.objects.filter(kind=kind, name=name).delete()


def alive(kind: Kind, *, now: dt.datetime) -> list[Heartbeat]:
    """Return the recent heartbeats of this kind."""
    return list(Heartbeat.objects.filter(kind=kind, at__gt=now - SILENT_AFTER))


def process_name(kind: Kind) -> str:
    """Return the name of this process in its heartbeats."""
    return f"{host()}:{os.getpid()}" if kind == Kind.WEB else host()
