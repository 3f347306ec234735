"""The pulse: a thread of each web process and worker that leaves heartbeats and keeps the watch."""

import logging
import os
import threading

from django.db import DatabaseError, InterfaceError, connection

from digest import clock
from digest.ops.health import heartbeats, outage, watch
from digest.ops.health.heartbeats import Kind

logger = logging.getLogger(__name__)

EVERY = 5.0  # seconds between rounds

_web: "Pulse | None" = None
_worker: "Pulse | None" = None
_web_lock = threading.Lock()
_is_held = False
_LOG_EVERY = 60.0  # seconds


class Pulse:
    """The thread of one process. It uses a database connection of its own, and closes it after each round."""

    def __init__(self, kind: Kind, name: str, queues: str = "") -> None:
        self.kind, self.name, self.queues, self.process = kind, name, queues, os.getpid()
        self._stop = threading.Event()
        self._beat_at = -heartbeats.EVERY
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop. The last heartbeat stays, so that a restart causes no alert."""
        self._stop.set()
        self._thread.join(timeout=10)

    def round(self) -> None:
        """Record a heartbeat if it is time, and check the site. If the database is down, alert the operators."""
        try:
            if clock.seconds() - self._beat_at >= heartbeats.EVERY:
                self._beat()
            watch.look_if_due(now=clock.now())
            if self.kind == Kind.WEB:
                outage.note_success()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("No heartbeat could be recorded", exc_info=error)
            if self.kind == Kind.WEB:
                outage.note_failure()
        finally:
            connection.close()

    def _beat(self) -> None:
        """Record a heartbeat. If only its table lacks a migration, go on: the watch alerts the operators to that."""
        try:
            heartbeats.record(self.kind, self.name, queues=self.queues)
        except DatabaseError as error:
            if not connection.is_usable():
                raise
            logger.warning("No heartbeat could be recorded: %s", str(error).strip())
        self._beat_at = clock.seconds()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.round()
            except Exception:
                logger.exception("The pulse of %s failed", self.name)


def hold() -> None:
    """Start no thread of a web process until `release`, because the database is not prepared yet."""
    global _is_held
    _is_held = True


def release() -> None:
    global _is_held
    _is_held = False
    start_web()


def start_web() -> None:
    """Start the thread of this web process, unless it runs.

    With gunicorn's --preload, the parent's thread does not run in its children, so each request calls this as well.
    """
    global _web
    if _is_held or (_web is not None and _web.process == os.getpid()):
        return
    with _web_lock:
        if _web is None or _web.process != os.getpid():
            _web = Pulse(Kind.WEB, heartbeats.process_name(Kind.WEB))
            _web.start()


def start_worker(name: str, queues: str) -> None:
    global _worker
    _worker = Pulse(Kind.WORKER, name, queues)
    _worker.start()


def stop_worker() -> None:
    global _worker
    if _worker is not None:
        _worker.stop()
        _worker = None
