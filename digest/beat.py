"""The scheduler, as it comes, but for one thing: a clock that was set back does not keep it still."""

import datetime as dt
from typing import Any

from celery.utils.time import maybe_make_aware
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry


class Entry(ModelEntry):  # type: ignore[misc]
    """A task that last ran in the future ran while the clock was wrong; else it would wait until then."""

    last_run_at: dt.datetime

    def is_due(self) -> Any:
        self.last_run_at = min(maybe_make_aware(self.last_run_at), timezone.now())
        return super().is_due()


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    Entry = Entry
