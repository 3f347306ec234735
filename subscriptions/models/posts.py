"""What came in by public forms, and how much of it."""

from django.db import models


class FormPost(models.Model):
    """What a visitor asked for, noted down as it came. The page that takes it looks nobody up, so that its answer can't
    tell who is a reader, not even by the time it takes; a worker does what is asked, and deletes the row."""

    class Kind(models.TextChoices):
        SIGN_UP = "sign_up", "sign me up"
        LINK = "link", "mail me my link"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    email = models.EmailField()
    wishes = models.JSONField(default=dict, blank=True)
    trace = models.JSONField(default=dict, blank=True, help_text="For the log of consents.")
    site = models.CharField(
        max_length=16,
        blank=True,
        db_default="",
        help_text="A keyed hash of the network that it came from. Networks take turns.",
    )
    posted_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When a worker took it in hand.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.posted_at:%Y-%m-%d %H:%M}"


class Mark(models.Model):
    """One use of something that is limited, such as a confirmation mail to an address. Shared by all workers."""

    key = models.CharField(max_length=64, help_text="A keyed hash of what is limited: it names no address, no network.")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "made_at"], name="mark_by_key")]

    def __str__(self) -> str:
        return f"{self.key[:12]}… at {self.made_at:%Y-%m-%d %H:%M}"
