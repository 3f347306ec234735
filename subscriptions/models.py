"""Who wants what: readers, the topics they can tick, and what each of them follows."""

import datetime as dt
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from subscriptions.filters import Criteria, FilterError, parse
from subscriptions.zones import validate_time_zone


def _validate_words(value: str) -> None:
    try:
        parse(value)
    except FilterError as error:
        raise ValidationError(str(error)) from error


def _validate_language(value: str) -> None:
    if value not in dict(settings.LANGUAGES):
        raise ValidationError(f"“{value}” is not a language that we write in.")


class Topic(models.Model):
    """A subject that readers can tick. The catalogue loads it; what an admin edits stays edited."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, db_index=True)
    description = models.CharField(max_length=200, blank=True)
    phrases = models.JSONField(
        default=list, help_text='A list of phrases, any of which matches: ["reward model", "RLHF"]'
    )
    exclusions = models.JSONField(
        default=list, blank=True, help_text="A paper with one of these phrases never matches."
    )
    is_offered = models.BooleanField("offered to readers", default=True)
    position = models.PositiveIntegerField(default=0, help_text="Order on the form.")
    loaded_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for field, least in (("phrases", 1), ("exclusions", 0)):
            value = getattr(self, field)
            if (
                not isinstance(value, list)
                or len(value) < least
                or not all(isinstance(v, str) and v.strip() for v in value)
            ):
                raise ValidationError({field: 'Write a list of phrases in quotes, such as ["reward model", "RLHF"].'})

    @property
    def criteria(self) -> Criteria:
        return Criteria(quoted=tuple(self.phrases), exclusions=tuple(self.exclusions))

    @property
    def about(self) -> str:
        """What the topic is about, in a sentence."""
        return f"{self.name}: {self.description}" if self.description else self.name


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def active(self) -> "SubscriberQuerySet":
        return self.filter(status=Subscriber.Status.ACTIVE)

    def by_email(self, email: str) -> "SubscriberQuerySet":
        # By the expression of the unique index: `iexact` asks for UPPER, and reads the whole table.
        return self.alias(address=Lower("email")).filter(address=email.strip().lower())

    def owed_a_notice(self, *, unclaimed_since: dt.datetime) -> "SubscriberQuerySet":
        free = Q(notice_claimed_at=None) | Q(notice_claimed_at__lt=unclaimed_since)
        return self.exclude(owed_notice="").filter(free)

    def unconfirmed_before(self, moment: dt.datetime) -> "SubscriberQuerySet":
        never = (Subscriber.Status.PENDING, Subscriber.Status.UNSUBSCRIBED)
        pending = self.filter(status__in=never, confirmed_at=None, created_at__lt=moment)
        # Who signed up again has a fresh link.
        return pending.filter(Q(notice_asked_at=None) | Q(notice_asked_at__lt=moment))


class Subscriber(models.Model):
    """A reader. The address is kept here only; links and logs carry `uid`."""

    class Status(models.TextChoices):
        PENDING = "pending", "pending: has not confirmed"
        ACTIVE = "active", "active"
        PAUSED = "paused", "paused"
        UNSUBSCRIBED = "unsubscribed", "unsubscribed"
        SUPPRESSED = "suppressed", "suppressed: must not be mailed"

    class Frequency(models.TextChoices):
        DAILY = "daily", "Daily, whenever there are new papers"
        WEEKDAYS = "weekdays", "On weekdays only"
        WEEKLY = "weekly", "Once a week, the best of Monday to Friday"

    class Amount(models.TextChoices):
        FEWER = "fewer", "Fewer: only what is mainly about it"
        BALANCED = "balanced", "Balanced"
        MORE = "more", "More: also what touches on it"

    class Notice(models.TextChoices):
        CONFIRM = "confirm", "please confirm"
        ALREADY_SUBSCRIBED = "already_subscribed", "you are subscribed already"
        WELCOME = "welcome", "welcome"
        LINK = "link", "here is your link"
        CHANGE_ADDRESS = "change_address", "please confirm your new address"
        GOODBYE = "goodbye", "you are unsubscribed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail address")
    new_email = models.EmailField(
        "new e-mail address", blank=True, help_text="Asked for, and not yet confirmed by a mail to it."
    )
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING, db_index=True)
    frequency = models.CharField(max_length=8, choices=Frequency.choices, default=Frequency.DAILY)
    send_hour = models.PositiveSmallIntegerField(
        default=7, validators=[MaxValueValidator(23)], help_text="Full hour in the reader's own time zone."
    )
    time_zone = models.CharField(max_length=40, default="UTC", validators=[validate_time_zone])
    max_papers = models.PositiveSmallIntegerField(default=10, validators=[MinValueValidator(1), MaxValueValidator(25)])
    amount = models.CharField(
        max_length=8, choices=Amount.choices, default=Amount.BALANCED, help_text="How sure a match must be."
    )
    language = models.CharField(max_length=7, default="en", validators=[_validate_language])
    mail_quiet_days = models.BooleanField(default=False, help_text="Mail the most voted papers when nothing matches.")
    created_at = models.DateTimeField(auto_now_add=True)
    owed_notice = models.CharField(max_length=20, choices=Notice.choices, blank=True, editable=False)
    notice_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    notice_claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    active_since = models.DateTimeField(null=True, blank=True, help_text="Editions due before this are not mailed.")
    paused_until = models.DateField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_subscriber_per_address"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "active", "paused", "unsubscribed", "suppressed"]),
                name="subscriber_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(confirmed_at__isnull=False, active_since__isnull=False),
                name="active_subscriber_has_confirmed",
            ),
            models.CheckConstraint(
                condition=~Q(status="paused") | Q(paused_until__isnull=False),
                name="paused_subscriber_has_a_date",
            ),
            models.CheckConstraint(condition=Q(send_hour__lte=23), name="send_hour_is_an_hour"),
            models.CheckConstraint(condition=Q(max_papers__range=(1, 25)), name="max_papers_is_1_to_25"),
        ]
        indexes = [
            # The minute's tick asks which zones and hours have readers.
            models.Index(fields=["status", "frequency", "time_zone", "send_hour"], name="subscriber_slot"),
            # Nearly always empty: the small mails that are still to be sent.
            models.Index(fields=["id"], condition=~Q(owed_notice=""), name="subscriber_owed_notice"),
        ]

    def __str__(self) -> str:
        return self.email


class TopicFilter(models.Model):
    """One thing a reader follows: a topic of the catalogue, or words of their own (see `subscriptions.filters`)."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="filters")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, null=True, blank=True, related_name="filters")
    words = models.TextField(blank=True, max_length=2000, validators=[_validate_words])

    class Meta:
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
