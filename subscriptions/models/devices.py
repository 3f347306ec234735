"""The devices on which readers are signed in."""

from django.db import models

from subscriptions.models.readers import Subscriber


class Device(models.Model):
    """A browser that keeps a reader signed in. Its cookie holds a random token, and this row only its hash."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="devices")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(max_length=80, blank=True, help_text="The browser and system, by its User-Agent.")
    signed_in_at = models.DateTimeField("signed in at")
    last_seen_on = models.DateField("last seen on", help_text="This is updated once a day.")

    class Meta:
        verbose_name = "signed-in device"
        ordering = ["-last_seen_on", "-pk"]

    def __str__(self) -> str:
        return f"{self.label or 'device'} of reader {self.subscriber_id}"
