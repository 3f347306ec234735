"""The installation: its identity, its keys, and how far it has sent."""

import uuid

from django.db import models
from django.db.models import Q

ONLY = 1  # the key of the one row


class Installation(models.Model):
    """The one row that says which database this is, and how far it has sent.

    A copy of it outside the database (see `digest.delivery.high_water`) shows when an older database was restored.
    """

    incarnation = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text="A random id. A restored database keeps it, and a new one gets another.",
    )
    secret_key_prints = models.JSONField(
        default=list, editable=False, help_text="Fingerprints of SECRET_KEY and its fallbacks, the newest first."
    )
    address_key_print = models.CharField(
        max_length=64, blank=True, editable=False, help_text="The fingerprint of ADDRESS_HASH_KEY."
    )
    position = models.BigIntegerField(
        default=0, help_text="The number of times that plans and results were recorded. It only grows."
    )
    behind_since = models.DateTimeField(
        null=True, blank=True, help_text="The time since which this database is known to lack emails that were sent."
    )
    behind_reason = models.TextField(blank=True, help_text="The reason why that is known.")
    counted_until = models.DateTimeField(
        null=True, blank=True, help_text="Digests that were due until then count as sent."
    )
    counted_through = models.DateField(
        null=True, blank=True, help_text="The last edition that digests were counted for."
    )

    backed_up_at = models.DateTimeField(null=True, blank=True, help_text="The time when a timer last made a backup.")

    class Meta:
        verbose_name_plural = "installation"
        constraints = [models.CheckConstraint(condition=Q(pk=ONLY), name="one_installation")]

    def __str__(self) -> str:
        return f"Installation {self.incarnation}"

    @classmethod
    def load(cls) -> "Installation":
        """Return the row. Make it at the first start."""
        return cls.objects.get_or_create(pk=ONLY)[0]


class SentBefore(models.Model):
    """A digest that left before an older database was restored, according to the log of sent emails.

    The planner consults these rows, because the edition may be published again. They are deleted after some days.
    """

    day = models.DateField(help_text="The day of the edition.")
    subscriber_id = models.BigIntegerField()
    is_certain = models.BooleanField(help_text="Whether the server accepted it. If not, it may still have arrived.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "subscriber_id"], name="one_row_per_digest_sent_before")]

    def __str__(self) -> str:
        return f"Edition of {self.day} to reader {self.subscriber_id}"
