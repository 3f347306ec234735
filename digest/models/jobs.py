"""Background jobs that staff start in the admin."""

from typing import Any

from django.db import models
from django.db.models import Q


class JobState(models.TextChoices):
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


class Job(models.Model):
    """Work on many rows, done in steps. A step and its progress are committed together, so no step is done twice."""

    State = JobState

    kind = models.CharField(max_length=50)
    arguments = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    created_by = models.CharField(max_length=150, help_text="The user who started it.")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The number of rows. It is empty if it is not known before the end."
    )
    position = models.JSONField(null=True, blank=True, help_text="Where the next step begins.")
    report = models.JSONField(default=dict, blank=True)
    cancel_requested = models.BooleanField(default=False)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Another worker may continue it after this.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Steps that failed in a row.")

    class Meta:
        verbose_name = "background job"
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_is_known")]
        indexes = [models.Index(fields=["id"], condition=Q(state__in=["queued", "running"]), name="job_queue")]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ').capitalize()} (job {self.pk})"

    @property
    def skipped(self) -> dict[str, int]:
        """The numbers of skipped rows, by reason."""
        counts: dict[str, int] = self.report.get("skipped", {})
        return counts

    @property
    def problems(self) -> list[str]:
        found: list[str] = self.report.get("problems", [])
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """Other results of the kind's function, such as the name of a file."""
        facts: dict[str, Any] = self.report.get("facts", {})
        return facts

    @property
    def handled(self) -> int:
        """The number of rows that were done or skipped."""
        return self.done + sum(self.skipped.values())

    @property
    def percent(self) -> int | None:
        """The share that is done, or None if the total is not known."""
        if self.state == JobState.DONE:
            return 100
        return None if self.total is None else min(100 * self.handled // max(self.total, 1), 100)

    @property
    def is_over(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
