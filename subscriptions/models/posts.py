"""The queue of posts from public forms, and the counts of the abuse limits."""

from django.db import models


class FormPost(models.Model):
    """A visitor's request, stored unread for a worker, which deletes the row once it is done.

    The page that takes it looks no one up. So neither its answer nor its response time reveals who is a reader.

    `wishes` are Preferences and `trace` is a Trace, as JSON (`subscriptions.readers`).
    """

    class Kind(models.TextChoices):
        SIGN_UP = "sign_up", "sign-up"
        LINK = "link", "link to the settings"
        SIGN_IN = "sign_in", "sign-in link"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    email = models.EmailField()
    wishes = models.JSONField(default=dict, blank=True)
    trace = models.JSONField(default=dict, blank=True, help_text="It is kept for the log of consents.")
    site = models.CharField(
        max_length=16,
        blank=True,
        db_default="",
        help_text="A keyed hash of the sender’s network. Networks take turns.",
    )
    posted_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="The time when a worker started on it.")

    class Meta:
        verbose_name = "waiting form"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.posted_at:%Y-%m-%d %H:%M}"


class Mark(models.Model):
    """One use of something limited, such as a confirmation email to an address. All processes share the counts."""

    key = models.CharField(
        max_length=64, help_text="A keyed hash of what is limited. It reveals no address and no network."
    )
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = "counted action"
        indexes = [models.Index(fields=["key", "made_at"], name="mark_by_key")]

    def __str__(self) -> str:
        return f"{self.key[:12]}… at {self.made_at:%Y-%m-%d %H:%M}"
