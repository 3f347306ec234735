"""Asked to stop, a worker finishes the mails in hand, writes down what became of them and gives its shard back.

Asked are all processes of a Celery worker at once, by a byte that they share; and a single process by a signal.
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

# SIGUSR1 is Celery's soft time limit. It would otherwise raise in the middle of anything.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)

_flag = mmap.mmap(-1, 1)  # shared with the pool's processes, which are forked from this one
_signals: list[int] = []


def request_stop(**kwargs: object) -> None:
    _flag[0] = 1


def reset(**kwargs: object) -> None:
    _flag[0] = 0


def is_stop_requested() -> bool:
    return bool(_signals) or _flag[0] == 1


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Within, the first of SIGNALS asks to stop, and does at the end of the block what it would have done."""
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
        heard, _signals[:] = list(_signals), []
        for number in heard:
            if number != signal.SIGUSR1:  # a soft limit that was heeded has no more to say
                os.kill(os.getpid(), number)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if number in _signals and number == signal.SIGINT:
        raise KeyboardInterrupt  # a person who asks twice will not wait
    _signals.append(number)


worker_shutting_down.connect(request_stop)
worker_init.connect(reset)
