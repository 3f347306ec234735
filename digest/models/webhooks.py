"""Webhooks that this site calls: the endpoints, and the queue and log of messages."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


class WebhookEvent(models.TextChoices):
    """The events that an endpoint can choose."""

    CONFIRMED = "reader.confirmed", "reader.confirmed: a reader confirmed, or resubscribed"
    UNSUBSCRIBED = "reader.unsubscribed", "reader.unsubscribed: a reader left, complained or was erased"
    BOUNCED = "reader.bounced", "reader.bounced: an address refuses email for good and is suppressed"
    PUBLISHED = "edition.published", "edition.published: the day’s edition is complete"


TEST = "test"  # the type of a message that an admin sends to try an endpoint


def _validate_url(value: str) -> None:
    if not value.startswith(("https://", "http://")):
        raise ValidationError("Write an address that begins with https:// or http://.")


class WebhookEndpoint(models.Model):
    """An address that gets a signed message when something happens."""

    Event = WebhookEvent

    name = models.CharField(max_length=60, unique=True, help_text="The program that receives the messages.")
    url = models.URLField("address", max_length=500, validators=[_validate_url])
    events = models.JSONField(default=list, help_text="The program gets a message about each of these events.")
    with_address = models.BooleanField(
        "with email addresses",
        default=False,
        help_text="Messages name readers by their ids. Tick this only if the program needs their email addresses, too.",
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="If you untick this, the program gets no messages."
    )
    secret = models.CharField(max_length=100, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, default="", editable=False)
    old_secret_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Messages are signed with both secrets until then."
    )
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "webhook"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class WebhookMessage(models.Model):
    """One message to one endpoint: in the queue while `next_at` is set, then in the log. It holds no address."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="messages")
    uid = models.UUIDField("id", default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(max_length=30)
    reader_uid = models.UUIDField(null=True, blank=True, db_index=True)
    data = models.JSONField(default=dict, blank=True)
    made_at = models.DateTimeField(db_index=True)
    next_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The time of the next try. It is empty once the message was delivered or given up.",
    )
    tries = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The HTTP status of the last answer.")
    answer = models.CharField(
        max_length=300, blank=True, help_text="The beginning of the last answer, or the reason why there is none."
    )

    class Meta:
        verbose_name = "webhook message"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="webhook_queue")]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint_id}, {self.made_at:%Y-%m-%d %H:%M}"
