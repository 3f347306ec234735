"""The scheduler of django-celery-beat with changes.

It does not wait if the clock was set back, deletes the entries of tasks that are no longer in the schedule, leaves
heartbeats, and resumes by itself after the database or the broker was down.
"""

import datetime as dt
import logging
import time
from collections.abc import Collection
from typing import Any

from celery.utils.time import maybe_make_aware
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from digest import clock
from digest.ops.health import heartbeats
from digest.ops.health.heartbeats import Kind

logger = logging.getLogger(__name__)

RETRY_AFTER = 5.0  # seconds, while the database is down

# In earlier releases the names were sentences: "every minute, plan and send the digests that are due".
OLD_NAMES = r"every (minute|five minutes|quarter of an hour|half hour|hour|morning|night|day), [a-z]"
OUR_NAMES = rf"^((digest|subscriptions)\.tasks\.|{OLD_NAMES})"


class ScheduleEntry(ModelEntry):  # type: ignore[misc]
    """A schedule entry. If its last run is in the future, the clock was wrong, and the entry runs from now on."""

    last_run_at: dt.datetime

    def is_due(self) -> Any:
        self.last_run_at = min(maybe_make_aware(self.last_run_at), timezone.now())
        return super().is_due()


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    Entry = ScheduleEntry
    # Celery's own producer would wait here for a broker that is down, and the entry that is due would be lost. Without
    # it, each task is sent by a connection of the pool, which fails at once and is renewed for the next task.
    producer = None
    _initial_read: bool
    _schedule: Any
    _beat_at = -heartbeats.EVERY

    def setup_schedule(self) -> None:
        while True:
            try:
                delete_obsolete(self.app.conf.beat_schedule)
                super().setup_schedule()
            except (DatabaseError, InterfaceError) as error:
                self._wait_for_database(error)
                time.sleep(RETRY_AFTER)
            else:
                return

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start the tasks that are due. Return the seconds until the next call. Wait if the database is down."""
        try:
            if clock.seconds() - self._beat_at >= heartbeats.EVERY:
                heartbeats.record(Kind.BEAT, heartbeats.process_name(Kind.BEAT))
                self._beat_at = clock.seconds()
            wait: float = super().tick(*args, **kwargs)
        except (DatabaseError, InterfaceError) as error:
            self._wait_for_database(error)
            return RETRY_AFTER
        return wait

    def _wait_for_database(self, error: Exception) -> None:
        logger.warning("Nothing can be scheduled", exc_info=error)
        connection.close()
        self._initial_read = self._initial_read or self._schedule is None
        self._heap = None


def delete_obsolete(names: Collection[str]) -> None:
    """Delete our entries that are not in `names`, which earlier releases made. Entries that an admin made stay."""
    PeriodicTask.objects.filter(name__regex=OUR_NAMES).exclude(name__in=names).delete()
