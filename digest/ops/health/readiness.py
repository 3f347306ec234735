"""Readiness: why the site is not ready to serve and send, for /readyz. The answer is kept for a few seconds."""

import threading
import time

from django.db import DatabaseError, InterfaceError

from digest import clock
from digest.ops.health import checks, watch
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot

KEPT_FOR = 5.0  # seconds
NAMES = [name for name in checks.URGENT if name != "web"]  # the process that answers is a web process
NO_DATABASE = HealthProblem("database", "The database does not answer", "Start PostgreSQL, and check DATABASE_URL.")

_lock = threading.Lock()
_kept: tuple[float, list[HealthProblem]] | None = None


def reasons() -> list[HealthProblem]:
    """Return why the site is not ready, or an empty list."""
    global _kept
    with _lock:  # so that many requests at once check once
        if _kept is None or time.monotonic() - _kept[0] > KEPT_FOR:
            _kept = time.monotonic(), _find()
        return _kept[1]


def clear_cache() -> None:
    """Check again at the next request."""
    global _kept
    _kept = None


def _find() -> list[HealthProblem]:
    try:
        site = Snapshot(clock.now())
        return [problem for name in NAMES for problem in watch.find(name, site) or ()]
    except (DatabaseError, InterfaceError):
        return [NO_DATABASE]
