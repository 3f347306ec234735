"""The embeddings of texts."""

from django.db import models


class Vector(models.Model):
    """The embedding of one text, computed once. The text is not stored: its key changes with the text."""

    class Kind(models.TextChoices):
        PAPER = "paper", "a paper"
        TOPIC = "topic", "a topic"
        ASKED = "asked", "a reader's words"

    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the model's name and the text.")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    values = models.BinaryField(help_text="384 numbers of 16 bits; a vector of length 1.")
    used_on = models.DateField(help_text="When it was last needed, to within a week.")

    class Meta:
        verbose_name = "embedding"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["kind", "-id"], name="vector_newest_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:12]}…"
