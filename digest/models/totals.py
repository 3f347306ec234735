"""The totals that remain when deliveries and events are deleted."""

from django.db import models
from django.utils.formats import date_format

from digest.models.editions import Edition


class DailyTotal(models.Model):
    """The number of an edition's deliveries with one status on one day, or of events of one kind."""

    class Kind(models.TextChoices):
        DELIVERY = "delivery", "deliveries"
        EVENT = "event", "events"

    day = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    edition = models.ForeignKey(Edition, on_delete=models.SET_NULL, null=True, blank=True, related_name="totals")
    what = models.CharField(max_length=40, help_text="The status of deliveries, or the type and class of events.")
    number = models.PositiveIntegerField()

    class Meta:
        ordering = ["-day", "kind", "what"]
        indexes = [models.Index(fields=["day", "kind"], name="total_by_day")]

    def __str__(self) -> str:
        return f"{date_format(self.day)}: {self.number} {self.what}"
