"""The editions, and the days without one."""

from django.db import models
from django.utils.formats import date_format


class Edition(models.Model):
    """One day's papers, frozen when published."""

    day = models.DateField(unique=True)
    published_at = models.DateTimeField()
    closed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="No papers are added after this time. If it is empty, the edition is open until its hour.",
    )
    send_after = models.DateTimeField(
        null=True,
        blank=True,
        db_column="mail_from",
        help_text="Readers get the edition at their next delivery hour after this time (UTC). If it is empty, the "
        "edition is not emailed.",
    )
    planned_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Readers whose hour came before this have their row."
    )
    catalogue_hash = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        db_column="sorted_by",
        help_text="A hash of the topics that its papers were assigned by.",
    )
    note_before = models.TextField(blank=True, help_text="The editors’ note above the papers, as plain text.")
    note_after = models.TextField(blank=True)

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"Edition of {date_format(self.day)}"


class QuietDay(models.Model):
    """A day without an edition, and why: `reason` for operators, `cause` for readers in any language."""

    class Cause(models.TextChoices):
        NOTHING = "nothing", "nothing was listed"
        OUT = "out", "all of it was in an earlier edition"
        LATER = "later", "its papers came in the next edition"
        TROUBLE = "trouble", "a source could not be read"

    day = models.DateField(unique=True)
    reason = models.TextField()
    cause = models.CharField(max_length=10, choices=Cause.choices, blank=True)

    class Meta:
        verbose_name = "day without an edition"
        verbose_name_plural = "days without an edition"
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"No edition of {date_format(self.day)}"
