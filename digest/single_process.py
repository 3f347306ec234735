"""Web server, worker and beat in one process: for one machine, with nothing else to install.

The broker is in memory and forgets everything at the end; the database does not, and the next tick finds
there what is still to do.
"""

import fcntl
import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import waitress
from celery import Celery
from celery.beat import Service
from celery.exceptions import SecurityWarning
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.core.servers.basehttp import get_internal_wsgi_application
from waitress.server import BaseWSGIServer

from digest import tasks
from digest.beat import Scheduler
from digest.sources import http

logger = logging.getLogger(__name__)


STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CannotServeError(Exception):
    """The process can't start; the message says why and what to do."""


@contextmanager
def only_instance(lock_file: Path) -> Iterator[None]:
    """Hold `lock_file` as long as the process lives. Raises CannotServeError when another one holds it."""
    with lock_file.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            process, _, _ = file.read().partition("\n")
            raise CannotServeError(
                f"Daily Papers is already running on this data (process {process}). "
                "Stop it first, or set VAR_DIR to another folder."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n{settings.SITE_URL}\n")  # commands look there for where the site is
        file.flush()
        yield


def open_web_server(host: str, port: int) -> BaseWSGIServer:
    """Listen at once, so that a port in use is known before anything else starts. Raises CannotServeError."""
    # Waitress throws headers of a proxy away unless it is told to trust it.
    headers = set[str]()
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        headers.add("x-forwarded-proto")
    if settings.TRUSTED_PROXIES:
        headers.add("x-forwarded-for")
    proxy: dict[str, object] = {"trusted_proxy": "*", "trusted_proxy_headers": headers} if headers else {}
    if settings.TRUSTED_PROXIES:
        proxy["trusted_proxy_count"] = settings.TRUSTED_PROXIES
    try:
        return waitress.create_server(
            get_internal_wsgi_application(), host=host, port=port, threads=6, ident=None, **proxy
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotServeError(
            f"{host}:{port} can't be listened on ({reason}). Choose another: PORT=8001 make run"
        ) from error


def serve(app: Celery, web: BaseWSGIServer) -> None:
    """Serve until SIGINT or SIGTERM; what is in hand is finished first."""
    asked_to_stop = _block_signals()
    logging.getLogger("celery").setLevel(logging.WARNING)  # its comings and goings are no news in one process
    worker_ready.connect(lambda **kwargs: _unblock_signals(asked_to_stop), weak=False)
    worker_shutting_down.connect(_leave_upstream)
    _start("web", web.run)
    beat = Service(app, scheduler_cls=Scheduler, max_interval=5)
    # A thread, not the worker's -B: that would be another process, which can't see a broker in memory.
    _start("beat", lambda: beat.start(embedded_process=False))
    tasks.collect_papers.delay()
    # In a container everything runs as root, and tasks here come from this process alone.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        pool="threads",
        concurrency=2,
        quiet=True,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    worker.start()  # returns after a signal; it must run in the main thread, and ends the process' other threads


def _start(name: str, run: Callable[[], object]) -> None:
    """Run `run` in a thread of its own. Should it fail, the whole process stops: half of it would look alive."""

    def guarded() -> None:
        try:
            run()
        except Exception:
            logger.exception("The %s thread has failed: stopping", name)
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=guarded, name=name, daemon=True).start()


def _block_signals() -> list[int]:
    """Hold signals back until the worker has its handlers: one in the middle of its start would leave it half up.

    A thread that a library made before may get one all the same: those are remembered, in what is returned.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    asked: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, frame: asked.append(number))
    return asked


def _unblock_signals(asked_to_stop: list[int]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    if asked_to_stop:
        os.kill(os.getpid(), asked_to_stop[0])


def _leave_upstream(**kwargs: object) -> None:
    """Who waits for a source that says nothing would keep the process waiting, too."""
    http.abort_all()
