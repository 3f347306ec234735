"""Signs of life of the processes and queues, and incidents that operators must know about."""

import datetime as dt

from django.db import models
from django.db.models import Q


class Heartbeat(models.Model):
    """The last sign of life of a process, or of a queue that ran a task."""

    class Kind(models.TextChoices):
        BEAT = "beat"
        WORKER = "worker"
        WEB = "web"
        QUEUE = "queue"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=200)
    host = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=50, blank=True)
    queues = models.CharField(max_length=200, blank=True, help_text="The queues that a worker serves.")
    started_at = models.DateTimeField()
    at = models.DateTimeField(db_index=True, help_text="The time by the database’s clock.")
    own_clock = models.DateTimeField(help_text="The time by the clock of the process, at the same moment.")
    free_mb = models.FloatField(null=True, help_text="Megabytes that are free in the process’s VAR_DIR.")
    unwritable = models.TextField(blank=True, db_default="", help_text="A file in VAR_DIR that it can’t write.")
    waited = models.FloatField(null=True, help_text="The seconds that a queue’s last task waited.")
    depth = models.PositiveIntegerField(null=True, help_text="The number of tasks that wait in a queue.")

    class Meta:
        ordering = ["kind", "name"]
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="one_heartbeat_per_name")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def skew(self) -> dt.timedelta:
        """Return how far the clock of the process is ahead of the database's."""
        return self.own_clock - self.at


class Incident(models.Model):
    """Something that is wrong and that operators are alerted to, once when it begins and once when it ends.

    At most one incident with the same key is open.
    """

    key = models.CharField(max_length=200, help_text="The cause, such as “beat” or “source:12”.")
    heading = models.CharField(max_length=300)
    text = models.TextField(blank=True, help_text="What it means, and what to do.")
    path = models.CharField(max_length=300, blank=True, help_text="The page of the admin that shows more.")
    began_at = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField(help_text="The time when it was last found.")
    ended_at = models.DateTimeField(null=True, blank=True)
    alert_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="The time when the next alert is due or tried again."
    )
    tries = models.PositiveIntegerField(default=0, help_text="The number of times that the next alert was tried.")
    alerted_at = models.DateTimeField(null=True, blank=True, help_text="The time when the operators were alerted.")
    end_alerted_at = models.DateTimeField(
        null=True, blank=True, help_text="The time when they were alerted to its end."
    )

    class Meta:
        ordering = ["-began_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(ended_at=None), name="one_open_incident_per_key")
        ]
        indexes = [models.Index(fields=["key", "began_at"], name="incident_by_key")]

    def __str__(self) -> str:
        return self.heading
