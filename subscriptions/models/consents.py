"""Who agreed to what, when and where (GDPR, art. 7): a log to which rows are only ever added."""

from typing import Any

from django.db import models
from django.utils import timezone


class ConsentText(models.Model):
    """A wording that readers agreed to, kept as they saw it."""

    version = models.CharField(max_length=16, primary_key=True, help_text="The beginning of its SHA-256.")
    language = models.CharField(max_length=7)
    text = models.TextField()
    first_used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-first_used_at"]

    def __str__(self) -> str:
        return f"{self.version} ({self.language})"


class Consent(models.Model):
    """One step of one reader. It names no address, only its keyed hash, and outlives the reader's row."""

    class Event(models.TextChoices):
        ASKED = "asked", "signed up on the form"
        MAILED = "mailed", "confirmation mailed"
        CONFIRMED = "confirmed", "confirmed by the button in the mail"
        CHANGED = "changed", "changed what comes"
        MOVED = "moved", "confirmed a new address"
        WITHDRAWN = "withdrawn", "withdrawn"
        RETURNED = "returned", "came back by a button"
        ERASED = "erased", "erased"

    reader_uid = models.UUIDField(db_index=True)
    address_hash = models.CharField(max_length=64, db_index=True)
    event = models.CharField(max_length=12, choices=Event.choices)
    happened_at = models.DateTimeField(default=timezone.now, db_index=True)
    where = models.CharField(max_length=200, blank=True, help_text="The page or door it came by.")
    text_version = models.CharField(max_length=16, blank=True, help_text="Of the wording that stood on the form.")
    ip = models.GenericIPAddressField("IP address", null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-happened_at", "-pk"]

    def __str__(self) -> str:
        return f"reader {self.reader_uid}: {self.event}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The log of consents is only ever added to.")
        super().save(**kwargs)


class Farewell(models.Model):
    """Why somebody left, in their words. It names nobody, and can't be traced to anybody."""

    class Reason(models.TextChoices):
        TOO_MANY = "too_many", "too many mails"
        WRONG_PAPERS = "wrong_papers", "not the papers they wanted"
        NOT_ASKED = "not_asked", "never signed up"
        NO_NEED = "no_need", "no need any more"
        OTHER = "other", "something else"

    reason = models.CharField(max_length=12, choices=Reason.choices)
    remark = models.TextField(blank=True, max_length=500)
    day = models.DateField()

    class Meta:
        ordering = ["-day", "-pk"]

    def __str__(self) -> str:
        return f"{self.day}: {self.get_reason_display()}"
