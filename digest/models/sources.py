"""The sources of papers, and the result of each attempt to read one."""

import datetime as dt

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from digest.text.cleanup import without_secrets


class SourceKind(models.TextChoices):
    """The kinds of sources. `digest.sources.KINDS` has a module for each."""

    HUGGINGFACE = "huggingface", "Hugging Face Daily Papers"
    ARXIV = "arxiv", "arXiv category"
    FEED = "feed", "RSS or Atom feed"
    SAMPLE = "sample", "sample day"


class Source(models.Model):
    """A source of papers. `kind` says how to read it (see `digest.sources`), and `key` which one it is."""

    Kind = SourceKind

    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(
        "category or address",
        max_length=500,
        blank=True,
        help_text="For arXiv, enter a category such as cs.CL. For a feed, enter its address. Leave it empty for "
        "Hugging Face.",
    )
    name = models.CharField(max_length=120)
    is_active = models.BooleanField("active", default=True, help_text="The source is read every half hour.")
    watched_from = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="Papers that it listed before this time are not published as new.",
    )

    class Meta:
        ordering = ["kind", "key"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_source_per_kind_and_key"),
            models.CheckConstraint(condition=Q(kind__in=SourceKind.values), name="source_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class FetchStatus(models.TextChoices):
    """The results of an attempt to read a source."""

    OK = "ok", "papers came in"
    EMPTY = "empty", "nothing listed"
    UNCHANGED = "unchanged", "nothing changed since the last run"
    STALE = "stale", "still the batch of an earlier day"
    FAILED = "failed", "failed"
    UNREACHABLE = "unreachable", "can’t be reached"


class FetchRun(models.Model):
    """One attempt to read one source for one day, with its result."""

    Status = FetchStatus

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
    message = models.TextField(
        blank=True, help_text="The reason why the run failed or found nothing, or the rejected items."
    )

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["source", "-started_at"], name="run_by_source")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=FetchStatus.values), name="fetch_run_status_is_known")
        ]

    def __str__(self) -> str:
        return f"{self.source} for {date_format(self.day)}: {self.get_status_display()}"


class Validator(models.Model):
    """The validators in a server's last answer, for a conditional request (RFC 9110, 13.1)."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="validators")
    address = models.CharField(max_length=1000)
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["source", "address"]
        constraints = [
            models.UniqueConstraint(fields=["source", "address"], name="one_validator_per_source_and_address")
        ]

    def __str__(self) -> str:
        return without_secrets(self.address)


class Turn(models.Model):
    """A name that all workers share, and the time when its next turn begins.

    Names are kinds of sources with a pause between requests, the checks and reports that one process does for all, and
    providers and language models that are left alone for a while. Ingest uses its row as a lock.
    """

    name = models.CharField(max_length=100, unique=True, db_column="host")
    free_at = models.DateTimeField()

    class Meta:
        verbose_name = "request slot"

    def __str__(self) -> str:
        return f"{self.name} from {self.free_at:%H:%M:%S}"

    @classmethod
    def reserve(cls, name: str, seconds: float) -> float:
        """Reserve the next free slot of `name`, and return the seconds until then. Slots are `seconds` apart.

        The caller waits after this. Another worker gets the next slot in the meantime.
        """
        now = timezone.now()
        with transaction.atomic():
            cls.objects.get_or_create(name=name, defaults={"free_at": now})
            turn = cls.objects.select_for_update().get(name=name)
            ours = max(now, turn.free_at)
            turn.free_at = ours + dt.timedelta(seconds=seconds)
            turn.save()
        return (ours - now).total_seconds()
