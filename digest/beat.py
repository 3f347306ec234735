"""The scheduler of django-celery-beat with two changes.

It does not wait if the clock was set back, and it deletes the entries of tasks that are no longer in the schedule.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from celery.utils.time import maybe_make_aware
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

# In earlier releases the names were sentences: "every minute, plan and send the digests that are due".
OLD_NAMES = r"every (minute|five minutes|quarter of an hour|half hour|hour|morning|night|day), [a-z]"
OUR_NAMES = rf"^((digest|subscriptions)\.tasks\.|{OLD_NAMES})"


class Entry(ModelEntry):  # type: ignore[misc]
    """A schedule entry. If its last run is in the future, the clock was wrong, and the entry runs from now on."""

    last_run_at: dt.datetime

    def is_due(self) -> Any:
        self.last_run_at = min(maybe_make_aware(self.last_run_at), timezone.now())
        return super().is_due()


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    Entry = Entry

    def setup_schedule(self) -> None:
        delete_obsolete(self.app.conf.beat_schedule)
        super().setup_schedule()


def delete_obsolete(names: Collection[str]) -> None:
    """Delete our entries that are not in `names`, which earlier releases made. Entries that an admin made stay."""
    PeriodicTask.objects.filter(name__regex=OUR_NAMES).exclude(name__in=names).delete()
