"""SQLite's write lock: one connection writes at a time, and the others ask for the lock again and again."""

import time
from collections.abc import Callable

from django.db import connection

PAUSE = 0.12  # seconds; a connection that has waited for a while asks every 0.1 s


def give_way(*, sleep: Callable[[float], object] = time.sleep) -> None:
    """Wait between two long transactions, so that another connection can write. Do nothing on PostgreSQL."""
    if connection.vendor == "sqlite":
        sleep(PAUSE)
