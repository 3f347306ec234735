"""The append-only log of consents (GDPR, art. 7), its wordings, and the reasons for unsubscribing."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ConsentText(models.Model):
    """A wording that readers agreed to, exactly as they saw it."""

    version = models.CharField(
        max_length=16, primary_key=True, help_text="The first 16 hexadecimal digits of the text’s SHA-256."
    )
    language = models.CharField(max_length=7)
    text = models.TextField()
    first_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-first_used_at"]

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"


class Consent(models.Model):
    """One step of one reader. It holds a keyed hash of the address and outlives the reader's row."""

    class Event(models.TextChoices):
        ASKED = "asked", "signed up on the form"
        MAILED = "mailed", "confirmation email sent"
        CONFIRMED = "confirmed", "confirmed by the link in the email"
        IMPORTED = "imported", "imported from a file"
        CHANGED = "changed", "changed preferences"
        MOVED = "moved", "confirmed a new address"
        WITHDRAWN = "withdrawn", "unsubscribed or suppressed"
        RESUBSCRIBED = "returned", "resubscribed"
        ERASED = "erased", "erased"

    reader_uid = models.UUIDField(db_index=True)
    address_hash = models.CharField(max_length=64)
    event = models.CharField(max_length=12, choices=Event.choices)
    happened_at = models.DateTimeField(default=timezone.now, db_index=True)
    where = models.CharField(
        max_length=200, blank=True, help_text="The page or the channel of this step, such as one-click."
    )
    text_version = models.CharField(max_length=16, blank=True, help_text="The version of the wording on the form.")
    ip = models.GenericIPAddressField("IP address", null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-happened_at", "-pk"]
        # For `db_index`, Django would add a second index, for prefixes.
        indexes = [
            models.Index(fields=["address_hash"], name="consent_by_address"),
            models.Index(fields=["event", "-happened_at", "-id"], name="consent_by_event"),
        ]

    def __str__(self) -> str:
        return f"reader {self.reader_uid}: {self.event}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The log of consents is append-only: add a row instead.")
        super().save(**kwargs)


class Farewell(models.Model):
    """A reason for unsubscribing, and a remark. It can't be traced to a reader."""

    class Reason(models.TextChoices):
        TOO_MANY = "too_many", _("Too many emails")
        WRONG_PAPERS = "wrong_papers", _("Not the papers I wanted")
        NOT_ASKED = "not_asked", _("I never signed up")
        NO_NEED = "no_need", _("I no longer need it")
        OTHER = "other", _("Something else")

    reason = models.CharField(max_length=12, choices=Reason.choices)
    remark = models.TextField(blank=True, max_length=500)
    day = models.DateField()

    class Meta:
        verbose_name = "unsubscribe reason"
        ordering = ["-day", "-pk"]

    def __str__(self) -> str:
        return f"{self.day}: {self.get_reason_display()}"
