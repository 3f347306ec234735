"""Imports of readers and of suppressed addresses, and the files that belong to them."""

from django.db import models
from django.db.models import Q


class ReaderImport(models.Model):
    """One import of a file: its settings, how far it has come, and what became of its rows.

    The row is updated in the transaction that stores a batch of readers. So an import that was killed continues where
    it stopped, and no row of the file is counted twice.
    """

    class Kind(models.TextChoices):
        READERS = "readers", "readers"
        SUPPRESSIONS = "suppressions", "suppressed addresses"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    file_name = models.CharField(max_length=200)
    key = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="A hash of the file and the settings, once it has begun."
    )
    product = models.CharField(max_length=40, blank=True, help_text="The product that wrote the file.")
    settings = models.JSONField(default=dict)
    created_by = models.CharField("imported by", max_length=150)
    created_at = models.DateTimeField()
    rows = models.PositiveIntegerField(default=0, help_text="The number of rows in the file.")
    rows_done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="The number of rows by what became of them.")
    unknown = models.JSONField(default=dict, help_text="Values that mean nothing here, with their numbers, by field.")
    notes = models.JSONField(default=list)
    trial = models.JSONField(default=dict, help_text="The counts and the first problems of the dry run.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "import"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(finished_at=None) & ~Q(key=""), name="one_unfinished_import_of_a_file"
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.created_at:%Y-%m-%d %H:%M})"


class ImportPart(models.Model):
    """A part of a file: of the uploaded one and its first rows until the import has finished, or of the rejected rows.

    The database holds it, because the worker that imports an uploaded file may run on another machine.
    """

    class File(models.TextChoices):
        UPLOAD = "upload", "uploaded file"
        PREVIEW = "preview", "first rows"
        REJECTS = "rejects", "rejected rows"

    reader_import = models.ForeignKey(ReaderImport, on_delete=models.CASCADE, related_name="parts")
    file = models.CharField(max_length=8, choices=File.choices)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["reader_import", "file", "number"]
        constraints = [
            models.UniqueConstraint(fields=["reader_import", "file", "number"], name="one_import_part_of_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.file} {self.number}"
