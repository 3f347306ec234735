"""Graceful shutdown: a worker finishes the emails in flight, records their results, and gives its shard back.

A stop can be requested in two ways: for all processes of a Celery worker at once, through a byte that they share, and
for a single process by a signal. deploy/ sets how long a process may take: `stop_grace_period` and `TimeoutStopSec`.
"""

import mmap
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from celery.signals import worker_init, worker_shutting_down

# Celery sends SIGUSR1 at the soft time limit. Its own handler would raise an error at any point of the code.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

_flag = mmap.mmap(-1, 1)  # shared with the processes of the pool, because they are forked from this one
_signals: list[int] = []


def request_stop(**kwargs: object) -> None:
    _flag[0] = 1


def reset(**kwargs: object) -> None:
    _flag[0] = 0


def is_stop_requested() -> bool:
    return bool(_signals) or _flag[0] == 1


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn SIGNALS into a request to stop. At the end of the block, raise each signal again with its former handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _signals.clear()
    former: dict[int, Any] = {number: signal.signal(number, _on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        received, _signals[:] = list(_signals), []
        for number in received:
            if number != signal.SIGUSR1:  # the soft time limit was obeyed
                os.kill(os.getpid(), number)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if number in _signals and number == signal.SIGINT:
        raise KeyboardInterrupt  # a second Ctrl-C means: stop at once
    _signals.append(number)


worker_shutting_down.connect(request_stop)
worker_init.connect(reset)
