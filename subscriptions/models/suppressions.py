"""The suppression list: addresses that must not be emailed."""

from django.db import models
from django.db.models import Q


class SuppressionReason(models.TextChoices):
    BOUNCED = "bounced", "hard bounce"
    COMPLAINED = "complained", "complaint"
    ADMIN = "admin", "by an admin"


class Suppression(models.Model):
    """An address that must not be emailed, as a keyed hash. It outlives the reader's row and reveals no address."""

    Reason = SuppressionReason

    address_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=SuppressionReason.values), name="suppression_reason_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.address_hash[:12]}… ({self.reason})"
