"""The tokens of the API."""

import datetime as dt

from django.db import models
from django.db.models import Q


class ApiScope(models.TextChoices):
    """The permissions that a token can have."""

    READERS_READ = "readers:read", "readers:read: see readers, their addresses and what they follow"
    READERS_WRITE = "readers:write", "readers:write: sign up, change and unsubscribe readers"
    DELIVERIES_READ = "deliveries:read", "deliveries:read: see which digests readers got, and when"
    EDITIONS_READ = "editions:read", "editions:read: see editions"


class ApiToken(models.Model):
    """A token of the API. It is shown once, when it is made, and stored as a hash."""

    Scope = ApiScope

    name = models.CharField(
        max_length=60, unique=True, help_text="The program that uses this token. It is named in the log of consents."
    )
    prefix = models.CharField(
        max_length=11, editable=False, help_text="The beginning of the token, so that you can recognize it."
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    old_hash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_index=True,
        editable=False,
        help_text="The token before the last rotation.",
    )
    old_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="The old token works until then.")
    scopes = models.JSONField(default=list, help_text="What a program may do with this token.")
    created_at = models.DateTimeField(editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    expires_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="The token stops working at this time (UTC). If you leave it empty, it does not expire.",
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_on = models.DateField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_valid(self, now: dt.datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def valid_hash(hashed: str, now: dt.datetime) -> Q:
    """Return the condition for tokens with this hash, including a rotated one that is still accepted."""
    return Q(token_hash=hashed) | Q(old_hash=hashed, old_until__gt=now)
