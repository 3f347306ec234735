"""The web server's settings: `gunicorn -c deploy/gunicorn.conf.py config.wsgi`. Options on the command line win.

The application is not loaded in the main process, so that SIGHUP starts workers with new code and new settings, while
the old ones finish their requests.
"""

import os
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "3"))
threads = 4
timeout = 30  # seconds
graceful_timeout = 60  # seconds for requests in progress at a reload or stop
max_requests, max_requests_jitter = 20_000, 2_000  # a bound on fragmented memory
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108  # heartbeats of workers must not wait for a disk


def post_worker_init(worker: Any) -> None:
    """Write the worker's lines in our format, with tokens in links masked. The main process logs no requests."""
    worker.log.error_log.handlers.clear()
    worker.log.error_log.propagate = True
