"""The scheduler, as it comes, but for two things: it does not stand still when its clock was set back, and it forgets
what is no longer asked for."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from celery.utils.time import maybe_make_aware
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

# Names were sentences once: "every minute, plan and send the digests that are due".
SENTENCES = r"every (minute|five minutes|quarter of an hour|half hour|hour|morning|night|day), [a-z]"
OURS = rf"^((digest|subscriptions)\.tasks\.|{SENTENCES})"


class Entry(ModelEntry):  # type: ignore[misc]
    """A task that last ran in the future ran while the clock was wrong; else it would wait until then."""

    last_run_at: dt.datetime

    def is_due(self) -> Any:
        self.last_run_at = min(maybe_make_aware(self.last_run_at), timezone.now())
        return super().is_due()


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    Entry = Entry

    def setup_schedule(self) -> None:
        forget_all_but(self.app.conf.beat_schedule)
        super().setup_schedule()


def forget_all_but(names: Collection[str]) -> None:
    """Delete entries that earlier releases made: they would go on beside those of today. An admin's own stay."""
    PeriodicTask.objects.filter(name__regex=OURS).exclude(name__in=names).delete()
