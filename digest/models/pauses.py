"""The times when sending was paused, and why."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import IsNull


class Pause(models.Model):
    """A time when no digests are sent. At most one pause is open.

    If it has a `probe_at`, it ends when the server accepts an email again. Otherwise it ends at `until`, or an operator
    ends it.
    """

    reason = models.TextField(help_text="The mail server’s answer, or the limit that was exceeded.")
    began_at = models.DateTimeField()
    probe_at = models.DateTimeField(null=True, blank=True, help_text="The time when the next email is tried.")
    probes = models.PositiveIntegerField(default=0, help_text="The number of tries so far.")
    ended_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(
        max_length=150,
        blank=True,
        db_default="",
        default="",
        help_text="The user who paused sending. It is empty if sending was paused automatically.",
    )
    until = models.DateTimeField(null=True, blank=True, help_text="The pause ends by itself at this time.")

    class Meta:
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(IsNull(F("ended_at"), True), condition=Q(ended_at=None), name="one_open_pause")
        ]

    def __str__(self) -> str:
        return f"Paused since {self.began_at:%Y-%m-%d %H:%M} UTC"

    @property
    def lasted(self) -> dt.timedelta | None:
        return self.ended_at - self.began_at if self.ended_at else None
