"""Postfix's smtp-sink on loopback, which accepts emails and discards them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.ports import free_port


def tool(name: str) -> str:
    """Return the path of one of Postfix's tools. Raise LookupError if it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise LookupError(f"{name} is not installed; it comes with Postfix")
    return found


@contextmanager
def running() -> Iterator[int]:
    """Run smtp-sink and yield its port."""
    port = free_port()
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([tool("smtp-sink"), *as_nobody, f"127.0.0.1:{port}", "512"]) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("smtp-sink does not start")
