"""Counters that all processes share, for /metrics."""

from django.db import models


class MetricCounter(models.Model):
    """A counter that only grows, such as the emails that one provider accepted. `digest.counters` adds to it."""

    name = models.CharField(max_length=60)
    labels = models.CharField(max_length=300, help_text="What is counted, as JSON with sorted names.")
    value = models.FloatField(help_text="The total since the counter was made.")

    class Meta:
        ordering = ["name", "labels"]
        constraints = [models.UniqueConstraint(fields=["name", "labels"], name="one_counter_per_name_and_labels")]

    def __str__(self) -> str:
        return f"{self.name} {self.labels}: {self.value:g}"
