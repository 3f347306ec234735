"""Readers, and the filters that each of them follows."""

import datetime as dt
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscriptions import time_zones
from subscriptions.models.consents import Consent
from subscriptions.models.topics import Topic
from subscriptions.query.grammar import Criteria, FilterError, parse

MAX_PAPERS_PER_EMAIL = 25  # that a reader can choose; the database checks it, so a change needs a migration
MAX_WORDS_LENGTH = 2000  # characters of all of a reader's own words
DEFAULT_SEND_HOUR, DEFAULT_MAX_PAPERS = 7, 10
LONGEST_PAUSE = dt.timedelta(days=366)


def _validate_words(value: str) -> None:
    try:
        parse(value)
    except FilterError as error:
        raise ValidationError(str(error)) from error


def _validate_time_zone(value: str) -> None:
    time_zones.validate_time_zone(value)


def _validate_language(value: str) -> None:
    if value not in dict(settings.LANGUAGES):
        raise ValidationError(f"“{value}” is not one of the site’s languages.")


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def active(self) -> "SubscriberQuerySet":
        return self.filter(status=Subscriber.Status.ACTIVE)

    def by_email(self, email: str) -> "SubscriberQuerySet":
        # Uses the expression of the unique index. `iexact` compares UPPER(email) and would read the whole table.
        return self.alias(address=Lower("email")).filter(address=email.strip().lower())

    def by_emails(self, emails: Iterable[str]) -> "SubscriberQuerySet":
        return self.alias(address=Lower("email")).filter(address__in={email.strip().lower() for email in emails})

    def unconfirmed_before(self, moment: dt.datetime) -> "SubscriberQuerySet":
        """Return readers who never confirmed, or left and signed up again, and were last asked before `moment`."""
        never = (Subscriber.Status.PENDING, Subscriber.Status.UNSUBSCRIBED)
        pending = self.filter(status__in=never, confirmed_at=None, created_at__lt=moment)
        # A reader who signed up again has a fresh link.
        pending = pending.filter(Q(asked_to_confirm_at=None) | Q(asked_to_confirm_at__lt=moment))
        left = self.filter(status=Subscriber.Status.UNSUBSCRIBED, requested_preferences__isnull=False)
        return pending | left.filter(asked_to_confirm_at__lt=moment)

    def left_before(self, moment: dt.datetime) -> "SubscriberQuerySet":
        """Return readers who unsubscribed or were suppressed before `moment`, and have not signed up again."""
        former = self.filter(
            status__in=(Subscriber.Status.UNSUBSCRIBED, Subscriber.Status.SUPPRESSED),
            requested_preferences__isnull=True,
        )
        withdrawn = Consent.objects.filter(reader_uid=OuterRef("uid"), event=Consent.Event.WITHDRAWN)
        by_log = Exists(withdrawn.filter(happened_at__lt=moment)) & ~Exists(withdrawn.filter(happened_at__gte=moment))
        # Suppressing does not set `unsubscribed_at`.
        return former.filter(Q(unsubscribed_at__lt=moment) | Q(Q(unsubscribed_at=None), by_log))


class ReaderStatus(models.TextChoices):
    PENDING = "pending", "pending: has not confirmed"
    ACTIVE = "active", "active"
    PAUSED = "paused", "paused"
    UNSUBSCRIBED = "unsubscribed", "unsubscribed"
    SUPPRESSED = "suppressed", "suppressed: must not be emailed"


class Subscriber(models.Model):
    """A reader. The address is stored only here; links and logs carry `uid`."""

    Status = ReaderStatus
    SUBSCRIBED = (ReaderStatus.ACTIVE, ReaderStatus.PAUSED)  # they get digests, now or after a pause

    class Frequency(models.TextChoices):
        DAILY = "daily", _("Daily, whenever there are new papers")
        WEEKDAYS = "weekdays", _("On weekdays only")
        WEEKLY = "weekly", _("Weekly: the best of Monday to Friday")

    class Amount(models.TextChoices):
        FEWER = "fewer", _("Only close matches")
        BALANCED = "balanced", _("Balanced")
        MORE = "more", _("Anything related")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("email address")
    link_generation = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Links of other generations no longer work."
    )
    new_email = models.EmailField(
        "new email address",
        blank=True,
        help_text="The reader asked for this address, and has not yet confirmed it by the link that was sent to it.",
    )
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    frequency = models.CharField(max_length=8, choices=Frequency.choices, default=Frequency.DAILY)
    send_hour = models.PositiveSmallIntegerField(
        "send hour",
        default=DEFAULT_SEND_HOUR,
        validators=[MaxValueValidator(23)],
        help_text="An hour from 0 to 23, in the reader’s time zone.",
    )
    time_zone = models.CharField(max_length=40, default="UTC", validators=[_validate_time_zone])
    max_papers = models.PositiveSmallIntegerField(
        "maximum papers per email",
        default=DEFAULT_MAX_PAPERS,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PAPERS_PER_EMAIL)],
    )
    amount = models.CharField(
        max_length=8,
        choices=Amount.choices,
        default=Amount.BALANCED,
        help_text="How closely a paper must match what the reader follows.",
    )
    language = models.CharField(max_length=7, default="en", validators=[_validate_language])
    mail_quiet_days = models.BooleanField(
        "emails on quiet days",
        default=False,
        help_text="If nothing matches, the reader gets the papers with the most votes.",
    )
    one_list = models.BooleanField(
        "emails as one list",
        default=False,
        db_default=False,
        help_text="The digest is one list, without a heading for each thing that the reader follows.",
    )
    follows_likes = models.BooleanField(
        "gets papers close to likes",
        default=True,
        db_default=True,
        help_text="The reader also gets papers that are close to what they liked or saved.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    asked_to_confirm_at = models.DateTimeField(null=True, blank=True, editable=False)
    requested_preferences = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        db_column="asked_wishes",
        help_text="What the last sign-up asked for, until the reader confirms or accepts it.",
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    active_since = models.DateTimeField(null=True, blank=True, help_text="Editions due before this time are not sent.")
    paused_until = models.DateField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        verbose_name = "reader"
        ordering = ["-created_at"]
        permissions = [("export_subscriber", "Can export readers")]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_subscriber_per_address"),
            models.CheckConstraint(
                condition=Q(status__in=ReaderStatus.values),
                name="subscriber_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReaderStatus.ACTIVE.value)
                | Q(confirmed_at__isnull=False, active_since__isnull=False),
                name="active_subscriber_has_confirmed",
            ),
            models.CheckConstraint(
                condition=~Q(status=ReaderStatus.PAUSED.value) | Q(paused_until__isnull=False),
                name="paused_subscriber_has_a_date",
            ),
            models.CheckConstraint(condition=Q(send_hour__lte=23), name="send_hour_is_an_hour"),
            models.CheckConstraint(
                condition=Q(max_papers__range=(1, MAX_PAPERS_PER_EMAIL)), name="max_papers_is_1_to_25"
            ),
        ]
        indexes = [
            # Every minute a task asks which zones and hours have readers. It also finds readers by status alone.
            models.Index(fields=["status", "frequency", "time_zone", "send_hour"], name="subscriber_slot"),
            models.Index(fields=["created_at"], name="subscriber_by_sign_up"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def log_name(self) -> str:
        """The name in the audit log, which must hold no address."""
        return f"reader {self.uid}"

    @property
    def send_time(self) -> str:
        """The delivery time in the reader's time zone, such as 07:00."""
        return time_of(self.send_hour)

    @property
    def is_subscribed(self) -> bool:
        """Return whether this reader gets digests, now or after a pause."""
        return self.status in self.SUBSCRIBED

    @property
    def awaits_confirmation(self) -> bool:
        """Return whether the address was signed up and the sign-up has not been confirmed since."""
        has_left = self.status == Subscriber.Status.UNSUBSCRIBED
        return self.status == Subscriber.Status.PENDING or (has_left and self.requested_preferences is not None)


def time_of(hour: int) -> str:
    """Return the full hour as readers see it, such as 07:00."""
    return f"{hour:02}:00"


class TopicFilter(models.Model):
    """One thing that a reader follows: a topic of the catalogue, or words of their own in the query language."""

    # The unique constraint has an index that begins with the reader.
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="filters", db_index=False)
    topic = models.ForeignKey(
        Topic, on_delete=models.PROTECT, null=True, blank=True, related_name="filters", db_index=False
    )
    words = models.TextField("own words", blank=True, max_length=MAX_WORDS_LENGTH, validators=[_validate_words])

    class Meta:
        verbose_name = "follow"
        ordering = ["pk"]  # as the reader added them
        indexes = [
            # Few readers have words of their own, and staff search for parts of them.
            models.Index(fields=["subscriber"], condition=~Q(words=""), name="filter_with_words"),
            # The newest followers of a topic, also of one that no one has chosen for long.
            models.Index(fields=["topic", "id"], name="filter_by_topic"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "topic"], name="one_filter_per_reader_and_topic"),
            models.CheckConstraint(
                condition=Q(topic__isnull=False, words="") | (Q(topic__isnull=True) & ~Q(words="")),
                name="filter_is_a_topic_or_words",
            ),
        ]

    def __str__(self) -> str:
        return self.topic.name if self.topic else self.words

    @property
    def criteria(self) -> Criteria:
        return self.topic.criteria if self.topic else parse(self.words)
