"""The age of tasks: a task that waited too long in its queue is discarded, and the operators are alerted.

So a queue that was blocked for hours does not run every tick that it missed. Celery's own `expires` compares the clocks
of two machines, and would discard every task of a scheduler with a clock that is an hour slow. Here both ends use the
database's clock.
"""

import datetime as dt
import logging
import math
import time
from typing import Any

from celery import Task
from celery.signals import before_task_publish
from django.db import DatabaseError, InterfaceError

from digest import clock

logger = logging.getLogger(__name__)

HEADER = "sent_at"  # seconds since 1970, by the database's clock
REPORT_EVERY = 60.0  # seconds
INCIDENT = "discarded"


class AgedTask(Task):  # type: ignore[type-arg]  # it has none at run time
    """A task that is discarded if it waited in its queue for longer than `max_age` seconds, which the settings name."""

    max_age = math.inf
    _reported_at = -REPORT_EVERY

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        waited = age(self.request)
        if waited is not None and waited > self.max_age:
            self._report(waited)
            return None
        return self.run(*args, **kwargs)

    def _report(self, waited: float) -> None:
        from digest.ops.health import incidents  # the models are not loaded yet when this module is

        if time.monotonic() - AgedTask._reported_at < REPORT_EVERY:
            return
        AgedTask._reported_at = time.monotonic()
        logger.error("%s was discarded, because it waited %d minutes in its queue", self.name, waited // 60)
        text = (
            f"{self.name} waited {round(waited / 60)} minutes. If workers were stopped before, this is normal: the "
            "next tasks find the same work. Otherwise the queue is blocked: see the workers' log."
        )
        incidents.begin(
            INCIDENT, "Tasks waited too long and were discarded", text, now=clock.now(), path="/admin/doctor/"
        )


def age(request: Any) -> float | None:
    """Return the seconds since the task of this request was sent, or None if that is unknown."""
    sent_at = getattr(request, HEADER, None)
    if not isinstance(sent_at, int | float):
        return None
    return (clock.now() - dt.datetime.fromtimestamp(sent_at, dt.UTC)).total_seconds()


@before_task_publish.connect
def add_time(headers: dict[str, Any] | None = None, **kwargs: object) -> None:
    """Add the time to a task that is being sent. If the database is down, add none: the task is then never too old."""
    if headers is None:
        return
    try:
        headers[HEADER] = clock.now().timestamp()
    except (DatabaseError, InterfaceError):
        headers.pop(HEADER, None)
