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


def unwritable() -> str:
    """Return a folder or file in VAR_DIR that a worker must write and this process can't, or an empty string.

    Root may have written it, or the disk is read-only.
    """
    folders = (settings.VAR_DIR / "journals", settings.RECOVERY_DIR)
    paths = (settings.VAR_DIR, *(path for folder in folders for path in (folder, *folder.rglob("*"))))
    # A file may have just been deleted.
    closed = (path for path in paths if not os.access(path, os.W_OK) and os.access(path, os.F_OK))
    return str(next(closed, ""))


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
        unwritable=unwritable(),
        waited=waited,
        depth=depth,
    )
    fields = ["host", "version", "queues", "at", "own_clock", "free_mb", "unwritable", "waited", "depth"]
    Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["kind", "name"], update_fields=fields)


def process_name(kind: Kind) -> str:
    """Return the name of this process in its heartbeats."""
    return f"{host()}:{os.getpid()}" if kind == Kind.WEB else host()
