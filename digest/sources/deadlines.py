"""A limit on the whole time of a request: httpx itself only limits the time between two bytes."""

import socket
import threading
import weakref
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

stopping = threading.Event()  # set once the process is to end
_burning: "weakref.WeakSet[Deadline]" = weakref.WeakSet()


def abort_all() -> None:
    """Break every connection that a fuse watches, and let no other be made: the process wants to end."""
    stopping.set()
    for deadline in list(_burning):
        deadline.expire()


class Deadline:
    """Breaks the connections that it was told of, `seconds` after it was entered. `trace` is httpx's extension."""

    def __init__(self, seconds: float) -> None:
        self.is_blown = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(max(0, seconds), self.expire)
        self._timer.daemon = True

    def trace(self, event: str, details: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.append(details["return_value"].get_extra_info("socket"))
            if self.is_blown or stopping.is_set():
                self.expire()

    def expire(self) -> None:
        self.is_blown = True
        for connection in self._sockets:
            with suppress(OSError):  # closed already
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # TLS's own would wait for the other side

    def __enter__(self) -> Self:
        self._timer.start()
        _burning.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _burning.discard(self)
