"""The web server's settings: `gunicorn -c deploy/gunicorn.conf.py config.wsgi`. Options on the command line win.

The application is not loaded in the main process, so that SIGHUP starts workers with new code and new settings, while
the old ones finish their requests. So nothing here imports our code.
"""

import logging
import os
import re
import time
from pathlib import Path
from typing import Any

from gunicorn import glogging

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "3"))
threads = 4
timeout = 30  # seconds
graceful_timeout = 60  # seconds for requests in progress at a reload or stop
max_requests, max_requests_jitter = 20_000, 2_000  # a bound on fragmented memory
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108  # heartbeats of workers must not wait for a disk


class Logger(glogging.Logger):  # type: ignore[misc]
    """The log of the main process, in the format of the application's. It has no requests, so nothing is masked."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_json() if _setting("LOG_FORMAT") == "json" else logging.Formatter(_TEXT))
        level = logging.getLevelNamesMapping().get(_setting("LOG_LEVEL"))  # a wrong one stops the application
        self.error_log.setLevel(level or logging.INFO)


logger_class = Logger
_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def post_worker_init(worker: Any) -> None:
    """Leave a worker's lines to the application, which masks tokens in links."""
    worker.log.error_log.handlers.clear()
    worker.log.error_log.propagate = True


def _setting(name: str) -> str:
    if name in os.environ:
        return os.environ[name]
    file = Path(os.environ.get("ENV_FILE") or ".env")
    found = re.search(rf"^{name}=['\"]?(\w+)", file.read_text(), re.MULTILINE) if file.is_file() else None
    return found[1] if found else ""


def _json() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter

    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    fields = ["asctime", "levelname", "name", "message", "process"]
    formatter = JsonFormatter(fields, datefmt="%Y-%m-%dT%H:%M:%SZ", rename_fields=names)
    formatter.converter = time.gmtime
    return formatter
