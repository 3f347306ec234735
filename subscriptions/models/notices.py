"""The queue of transactional emails to readers."""

import datetime as dt
from typing import Any, Self

from django.db import models
from django.db.models import Q

from subscriptions.models.readers import Subscriber


class OwedNoticeQuerySet(models.QuerySet[Any]):
    def unclaimed_since(self, moment: dt.datetime) -> Self:
        return self.filter(Q(claimed_at=None) | Q(claimed_at__lt=moment))


class OwedNotice(models.Model):
    """A transactional email that is waiting to be sent; the row is deleted afterward.

    Each kind and address has a row of its own, so that no notice replaces another. This matters most for the notice
    to a former address that the reader has moved.
    """

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "please confirm"
        ALREADY_SUBSCRIBED = "already_subscribed", "you are subscribed already"
        WELCOME = "welcome", "welcome"
        LINK = "link", "here is your link"
        CHANGE_ADDRESS = "change_address", "please confirm your new address"  # to the new one
        MOVED = "moved", "your address was changed"  # to the former one
        GOODBYE = "goodbye", "you are unsubscribed"
        REDUCED = "less", "you get fewer emails"
        RESUBSCRIBED = "returned", "you are subscribed again"
        SIGNED_OUT = "signed_out", "your older links are signed out"
        DATA = "data", "here is the link to your data"
        SIGN_IN = "sign_in", "here is your sign-in link"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="owed_notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    to = models.EmailField(blank=True, help_text="The recipient, if it is not the reader’s current address.")
    asked_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="The time when a worker started on it.")

    objects = OwedNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "waiting email"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "kind", "to"], name="one_notice_of_a_kind_per_address")
        ]

    def __str__(self) -> str:
        return f"{self.kind} to reader {self.subscriber.uid}"

    @property
    def address(self) -> str:
        return self.to or self.subscriber.email


class ErasureNotice(models.Model):
    """The last email to a reader who erased themselves, until it has been sent: for a day at most.

    It refers to no reader, because there is none any more.
    """

    address = models.EmailField(unique=True)
    language = models.CharField(max_length=7)
    asked_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="The time when a worker started on it.")

    objects = OwedNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "last email"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"last email of {self.asked_at:%Y-%m-%d %H:%M}"
