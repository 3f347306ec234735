"""What is sent: papers, where they were seen, the day's edition, and what became of each reader's digest."""

import datetime as dt
import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from subscriptions.models import Subscriber


class Source(models.Model):
    """A place papers come from. `kind` says how it is read (see `digest.sources`), `key` says which one."""

    class Kind(models.TextChoices):
        HUGGINGFACE = "huggingface", "Hugging Face Daily Papers"
        ARXIV = "arxiv", "arXiv category"
        FEED = "feed", "RSS or Atom feed"
        SAMPLE = "sample", "sample day"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(
        max_length=500, blank=True, help_text="arXiv: the category, such as cs.CL. Feed: its address. Else empty."
    )
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True, help_text="Fetched every half hour.")

    class Meta:
        ordering = ["kind", "key"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_source_per_kind_and_key"),
            models.CheckConstraint(
                condition=Q(kind__in=["huggingface", "arxiv", "feed", "sample"]), name="source_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        from digest import sources  # imported here, since sources build on nothing of ours and checks need them

        problem = sources.problem_with_key(self.kind, self.key)
        if problem:
            raise ValidationError({"key": problem})


class FetchRun(models.Model):
    """One attempt to read one source for one day, whatever came of it."""

    class Status(models.TextChoices):
        OK = "ok", "papers came in"
        EMPTY = "empty", "nothing listed"
        FAILED = "failed", "failed"
        UNREACHABLE = "unreachable", "can't be reached"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    day = models.DateField()
    started_at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    status = models.CharField(max_length=11, choices=Status.choices)
    bytes = models.PositiveBigIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, help_text="Why it failed, was empty, or what was rejected.")

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["source", "-started_at"], name="run_by_source")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["ok", "empty", "failed", "unreachable"]), name="fetch_run_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} for {self.day}: {self.get_status_display()}"


class Edition(models.Model):
    """One day's papers, frozen when published."""

    day = models.DateField(unique=True)
    published_at = models.DateTimeField()
    mail_from = models.DateTimeField(
        null=True, blank=True, help_text="Readers get it at their next hour after this. Empty: not mailed by schedule."
    )
    note_before = models.TextField(blank=True, help_text="The editors' note above the papers. Plain text.")
    note_after = models.TextField(blank=True)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"Edition of {self.day}"


class Paper(models.Model):
    """One work. It belongs to one edition only, so that no reader gets it twice."""

    key = models.CharField(max_length=300, unique=True, help_text="arxiv:2608.16590, doi:10.…, or a hash of its link")
    title = models.TextField()
    abstract = models.TextField(blank=True)
    authors = models.JSONField(default=list)
    categories = models.JSONField(default=list, blank=True)
    keywords = models.JSONField(default=list, blank=True)
    url = models.URLField(max_length=1000)
    published_on = models.DateField(null=True, blank=True)
    doi = models.CharField(max_length=255, blank=True)
    thumbnail_url = models.URLField(max_length=1000, blank=True)
    github_url = models.URLField(max_length=1000, blank=True)
    github_stars = models.PositiveIntegerField(null=True, blank=True)
    project_url = models.URLField(max_length=1000, blank=True)
    organization = models.CharField(max_length=200, blank=True)
    summary = models.TextField("AI summary", blank=True)
    votes = models.PositiveIntegerField(default=0, help_text="The most that any source counts today.")
    comments = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    edition = models.ForeignKey(Edition, on_delete=models.SET_NULL, null=True, blank=True, related_name="papers")
    edition_votes = models.PositiveIntegerField("votes at publication", default=0)
    is_pinned = models.BooleanField("pinned", default=False, help_text="Stands first in its edition.")
    is_hidden = models.BooleanField("hidden", default=False, help_text="Neither shown nor mailed.")

    class Meta:
        ordering = ["-first_seen_at"]
        indexes = [models.Index(fields=["edition", "-is_pinned", "-edition_votes"], name="paper_by_rank")]

    def __str__(self) -> str:
        return self.title


class Listing(models.Model):
    """One paper seen at one source on one day."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="listings")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="listings")
    day = models.DateField(db_index=True)
    votes = models.PositiveIntegerField(default=0)
    comments = models.PositiveIntegerField(default=0)
    announce_type = models.CharField(max_length=20, blank=True)
    submitter = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "source", "day"], name="one_listing_per_paper_source_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.paper} at {self.source} on {self.day}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def queued(self, now: dt.datetime) -> "DeliveryQuerySet":
        """Those to be sent now: in the queue, and not waiting for their next try."""
        return self.filter(status=Delivery.Status.QUEUED, not_before__lte=now)

    def stuck(self, claimed_before: dt.datetime) -> "DeliveryQuerySet":
        """Those whose worker died between claiming and recording."""
        return self.filter(status=Delivery.Status.SENDING, claimed_at__lt=claimed_before)


class Delivery(models.Model):
    """What became of one reader's digest of one edition. The queued rows are the queue."""

    class Status(models.TextChoices):
        QUEUED = "queued", "queued"
        SENDING = "sending", "sending"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"
        UNCERTAIN = "uncertain", "uncertain: it may have arrived"

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="deliveries")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.QUEUED)
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField(help_text="The next try is not before this.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.TextField(blank=True, help_text="Why it was skipped, failed or is tried again.")
    papers = models.JSONField(default=list, blank=True, help_text="Which papers, with score and reasons.")
    provider_id = models.CharField(max_length=255, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-queued_at"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["edition", "subscriber"], name="one_delivery_per_reader_and_edition"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "sending", "sent", "failed", "skipped", "uncertain"]),
                name="delivery_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="sent_at_if_and_only_if_sent",
            ),
        ]
        indexes = [
            # Partial: the queue is a sliver of a table that grows by every reader every day.
            models.Index(fields=["not_before"], condition=Q(status="queued"), name="delivery_queue"),
            models.Index(fields=["claimed_at"], condition=Q(status="sending"), name="delivery_in_flight"),
        ]

    def __str__(self) -> str:
        return f"{self.edition} to reader {self.subscriber_id}: {self.status}"

    @property
    def message_id(self) -> str:
        """The local part of the Message-ID: the same at every attempt, so that a repeat can be recognised."""
        return f"digest-{uuid.uuid5(self.subscriber.uid, str(self.edition.day)).hex}"


class DeliveryEvent(models.Model):
    """What the provider reported later, in django-anymail's words. Stored once however often it is told."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    event_key = models.CharField(
        max_length=200, unique=True, help_text="The provider and its id, or a hash of the event."
    )
    event_type = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["-happened_at"]

    def __str__(self) -> str:
        return f"{self.event_type} at {self.happened_at:%Y-%m-%d %H:%M}"
