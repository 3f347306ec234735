"""The state of the site as the checks see it. Each part is read once, when a check first needs it."""

import datetime as dt
from functools import cached_property

from django.conf import settings

from digest.delivery import pauses
from digest.models import Heartbeat, Incident, Installation, Pause
from digest.ops.health import heartbeats
from digest.ops.health.heartbeats import Kind


class Snapshot:
    """The state of the site at the time `now`, for one check or for all of them.

    The doctor shares one among its checks, which then ask the database a third as often. The watch makes one for each
    check, because an incident that begins meanwhile must count.
    """

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    @cached_property
    def heartbeats(self) -> list[Heartbeat]:
        """All heartbeats, the newest first."""
        return list(Heartbeat.objects.order_by("-at"))

    @cached_property
    def processes(self) -> list[Heartbeat]:
        """The heartbeats of the processes that are alive."""
        recent = self.now - heartbeats.SILENT_AFTER
        return [row for row in self.heartbeats if row.kind != Kind.QUEUE and row.at > recent]

    @cached_property
    def incidents(self) -> list[Incident]:
        """The open incidents."""
        return list(Incident.objects.filter(ended_at=None))

    @cached_property
    def installation(self) -> Installation:
        return Installation.load()

    @cached_property
    def pause(self) -> Pause | None:
        return pauses.current()

    def alive(self, kind: Kind) -> list[Heartbeat]:
        """Return the recent heartbeats of this kind of process."""
        return [row for row in self.processes if row.kind == kind]

    def queues(self) -> list[Heartbeat]:
        """Return the heartbeats of the queues."""
        return [row for row in self.heartbeats if row.kind == Kind.QUEUE and row.name in settings.CELERY_TASK_QUEUES]
