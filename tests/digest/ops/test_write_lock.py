"""SQLite's write lock, on a file that two connections share."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from digest.ops import write_lock


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=20, isolation_level=None)


def test_a_pause_between_transactions_lets_another_connection_write(tmp_path: Path) -> None:
    """The other connection waits for so long that it asks at its longest interval."""
    path, written, most = tmp_path / "db.sqlite3", threading.Event(), 10

    def write() -> None:
        with closing(connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("COMMIT")
            written.set()

    writer, transactions = threading.Thread(target=write), 0
    with closing(connect(path)) as busy:
        busy.execute("PRAGMA journal_mode=WAL")
        while not written.is_set() and transactions < most:
            busy.execute("BEGIN IMMEDIATE")
            if not transactions:
                writer.start()
            time.sleep(0.35)
            busy.execute("COMMIT")
            transactions += 1
            time.sleep(write_lock.PAUSE)
    writer.join()
    assert transactions < most
