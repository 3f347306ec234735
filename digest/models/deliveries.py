"""The deliveries of digests."""

import datetime as dt
import hashlib

from django.db import models
from django.db.models import Q

from digest.models.editions import Edition
from subscriptions.models import Subscriber

UNKEYED = "-"  # in place of the key of a call without one
SUSPECT = 3  # crashes in a row without progress (see `digest.delivery.poison_pill`)


class Shard(models.Model):
    """A few hundred deliveries of one edition, by their ids: the work that a worker takes at a time.

    It is free if no worker has a lease on it, and done when each of its deliveries is final. If some must be retried,
    it is free again at `not_before`.
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="shards")
    first = models.BigIntegerField(help_text="The first delivery’s id.")
    last = models.BigIntegerField(help_text="The last delivery’s id.")
    size = models.PositiveIntegerField(help_text="The number of deliveries.")
    made_at = models.DateTimeField()
    not_before = models.DateTimeField(help_text="No worker takes it before this.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="The worker’s lease ends then.")
    worker = models.CharField(max_length=100, blank=True)
    announced = models.BigIntegerField(
        default=0, help_text="Deliveries up to this id may have been handed over, though not yet recorded."
    )
    crashes = models.PositiveSmallIntegerField(default=0, help_text="How many workers in a row died while sending it.")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["edition", "first"]
        constraints = [models.UniqueConstraint(fields=["edition", "first"], name="one_shard_per_range")]
        indexes = [models.Index(fields=["not_before"], condition=Q(done_at=None), name="shard_queue")]

    def __str__(self) -> str:
        return f"{self.edition}, deliveries {self.first} to {self.last}"

    @property
    def is_suspect(self) -> bool:
        """Return whether its emails are sent one at a time."""
        return self.crashes >= SUSPECT

    @property
    def is_quarantined(self) -> bool:
        """Return whether it is a single email on which workers crashed."""
        return self.is_suspect and self.first == self.last

    @property
    def strikes(self) -> int:
        """Return how often its email is proven to have crashed its process."""
        return self.crashes - SUSPECT if self.is_quarantined else 0

    @property
    def deliveries(self) -> models.QuerySet["Delivery"]:
        return Delivery.objects.filter(edition_id=self.edition_id, pk__range=(self.first, self.last))


class DeliveryStatus(models.TextChoices):
    """The states of a delivery. The constraint in the database is made from them."""

    QUEUED = "queued", "queued"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"
    SKIPPED = "skipped", "skipped"
    UNCERTAIN = "uncertain", "uncertain: it may have arrived"


class Delivery(models.Model):
    """The delivery of one edition's digest to one reader. The queued rows are the queue, in shards."""

    Status = DeliveryStatus

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="deliveries", verbose_name="reader"
    )
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.QUEUED)
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField(help_text="The next try is not before this time.")
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True, help_text="The reason why it was skipped, failed or will be retried.")
    papers = models.JSONField(default=list, blank=True, help_text="The papers, with scores and reasons.")
    provider_id = models.CharField(max_length=255, blank=True)
    call = models.CharField(
        max_length=36,
        blank=True,
        default="",
        db_default="",
        help_text="The call to the provider that may have delivered it.",
    )

    class Meta:
        ordering = ["-queued_at"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["edition", "subscriber"], name="one_delivery_per_reader_and_edition"),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.SENT, sent_at__isnull=False)
                | (~Q(status=DeliveryStatus.SENT) & Q(sent_at__isnull=True)),
                name="sent_at_if_and_only_if_sent",
            ),
        ]
        indexes = [
            # Partial, because the queue is a small part of a table that grows by each reader each day.
            models.Index(fields=["edition", "id"], condition=Q(status=DeliveryStatus.QUEUED), name="delivery_queue"),
            models.Index(
                fields=["queued_at"],
                condition=Q(status__in=[DeliveryStatus.FAILED, DeliveryStatus.UNCERTAIN]),
                name="delivery_in_trouble",
            ),
            models.Index(
                fields=["queued_at"],
                condition=Q(status=DeliveryStatus.QUEUED) & ~Q(reason=""),
                name="delivery_waiting_for_retry",
            ),
            models.Index(fields=["queued_at"], name="delivery_by_time"),  # for the admin's list
        ]

    def __str__(self) -> str:
        return f"{self.edition} to reader {self.subscriber_id}: {self.status}"

    @property
    def message_id(self) -> str:
        return message_id(self.subscriber.uid.bytes, self.edition.day)


def message_id(uid: bytes, day: dt.date) -> str:
    """Return the local part of a digest's Message-ID, the same at each attempt, so that a repeat can be recognized."""
    return f"digest-{hashlib.sha256(uid + day.isoformat().encode()).hexdigest()[:32]}"


class DeliveryEvent(models.Model):
    """An event that the provider reported, in django-anymail's terms. If it is reported twice, it is stored once."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    event_key = models.CharField(
        max_length=200, unique=True, help_text="The provider and its id, or a hash of the event."
    )
    event_type = models.CharField(max_length=20)
    meaning = models.CharField(
        max_length=10, blank=True, help_text="The class of the report: hard or soft bounce, policy, complaint or left."
    )
    happened_at = models.DateTimeField()
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = "provider report"
        ordering = ["-happened_at"]
        indexes = [
            models.Index(fields=["happened_at", "event_type", "meaning"], name="event_by_time"),
            # For lists of the few reports with a meaning, such as bounces, among millions of others.
            models.Index(fields=["meaning", "happened_at"], condition=~models.Q(meaning=""), name="event_by_meaning"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} at {self.happened_at:%Y-%m-%d %H:%M}"
