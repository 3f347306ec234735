"""Addresses that must not be mailed."""

from django.db import models
from django.db.models import Q


class Suppression(models.Model):
    """An address that must not be mailed, as a keyed hash: it outlives the reader's row and names nobody."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced", "hard bounce"
        COMPLAINED = "complained", "complaint"
        ADMIN = "admin", "by an admin"

    address_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=["bounced", "complained", "admin"]), name="suppression_reason_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address_hash[:12]}… ({self.reason})"
