"""Web server, worker and beat in a single process, for one machine with nothing else to install.

The broker is in memory, so queued tasks are lost when the process ends. The next scheduled tasks find the remaining
work in the database.
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
from digest.ops.health import pulse
from digest.processes.beat import Scheduler
from digest.sources import http

logger = logging.getLogger(__name__)


STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class CannotServeError(Exception):
    """The process can't start. The message says why and what to do."""


@contextmanager
def only_instance(lock_file: Path) -> Iterator[None]:
    """Hold `lock_file` as long as the process lives. Raise CannotServeError if another process holds it."""
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
        file.write(f"{os.getpid()}\n{settings.SITE_URL}\n")  # commands read the address of the running site here
        file.flush()
        yield


def open_web_server(host: str, port: int) -> BaseWSGIServer:
    """Listen at once, so that a port in use is noticed before anything else starts. Raise CannotServeError."""
    pulse.hold()  # the caller prepares the database later
    # Waitress drops the headers of a proxy unless the proxy is trusted.
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
            f"The server can't listen on {host}:{port} ({reason}). Choose another port: PORT=8001 make run"
        ) from error


def serve(app: Celery, web: BaseWSGIServer) -> None:
    """Serve until SIGINT or SIGTERM. Emails in flight are finished first."""
    # 1. Hold signals back until the worker can handle them.
    early_signals = _block_signals()
    logging.getLogger("celery").setLevel(logging.WARNING)  # its starts and stops are not worth a line here
    worker_ready.connect(lambda **kwargs: _unblock_signals(early_signals), weak=False)
    worker_shutting_down.connect(_abort_requests)
    # 2. Start the web server and the scheduler, each in a thread, and fetch papers at once.
    pulse.release()
    _start("web", web.run)
    beat = Service(app, scheduler_cls=Scheduler, max_interval=5)
    # Not the worker's option -B: it starts another process, which can't reach a broker in memory.
    _start("beat", lambda: beat.start(embedded_process=False))
    tasks.collect_papers.delay()
    # 3. Run the worker. In a container it runs as root; this is safe, because all tasks come from this process.
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
    worker.start()  # returns after a signal; it must run in the main thread, and the other threads end with it


def _start(name: str, run: Callable[[], object]) -> None:
    """Run `run` in a thread. If it fails, stop the whole process, because half of it would seem to be working."""

    def guarded() -> None:
        try:
            run()
        except Exception:
            logger.exception("The %s thread has failed. The process stops", name)
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=guarded, name=name, daemon=True).start()


def _block_signals() -> list[int]:
    """Block stop signals until the worker has its handlers, because one during its start would stop half of it.

    Return a list of the signals that arrive anyway, in a thread that a library has already started.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    received: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, frame: received.append(number))
    return received


def _unblock_signals(early_signals: list[int]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    if early_signals:
        os.kill(os.getpid(), early_signals[0])


def _abort_requests(**kwargs: object) -> None:
    """Abort requests to sources, because one that does not answer would delay the end of the process."""
    http.abort_all()
