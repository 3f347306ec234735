"""The pulse of a web process: it leaves heartbeats, and alerts the operators if other processes die."""

from collections.abc import Callable, Iterable
from typing import Any

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_pulse(application: Wsgi) -> Wsgi:
    """Return the application, and start the thread of this process: now, and in a process that gunicorn forks later."""
    from digest.ops.health import pulse  # when the settings have been loaded

    pulse.start_web()

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        pulse.start_web()
        return application(environ, start_response)

    return run
