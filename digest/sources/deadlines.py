"""A limit on the total time of a request; httpx itself only limits the time between two bytes."""

import socket
import threading
import weakref
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

stopping = threading.Event()  # set when the process must end
_running: "weakref.WeakSet[Deadline]" = weakref.WeakSet()


def abort_all() -> None:
    """Break every open connection that has a deadline and prevent new ones, so that the process can end."""
    stopping.set()
    for deadline in list(_running):
        deadline.expire()


class Deadline:
    """A context manager that breaks its connections after `seconds`. Pass `trace` to httpx as the trace extension."""

    def __init__(self, seconds: float) -> None:
        self.is_expired = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(max(0, seconds), self.expire)
        self._timer.daemon = True

    def trace(self, event: str, details: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.append(details["return_value"].get_extra_info("socket"))
            if self.is_expired or stopping.is_set():
                self.expire()

    def expire(self) -> None:
        self.is_expired = True
        for connection in self._sockets:
            with suppress(OSError):  # already closed
                # The plain socket's shutdown, because the TLS one waits for the other side.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        _running.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _running.discard(self)
