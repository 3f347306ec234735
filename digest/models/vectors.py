"""The embeddings of texts, and what the archive says about texts and words."""

from django.db import models


class Vector(models.Model):
    """The embedding of one text, computed once. The text is not stored: its key changes with the text."""

    class Kind(models.TextChoices):
        PAPER = "paper", "a paper"
        TOPIC = "topic", "a topic"
        ASKED = "asked", "a reader’s words"

    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the model’s name and the text.")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    values = models.BinaryField(help_text="384 numbers of 16 bits; a vector of length 1.")
    used_on = models.DateField(help_text="The time when it was last needed, to within a week.")

    class Meta:
        verbose_name = "embedding"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["kind", "-id"], name="vector_newest_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:12]}…"


class TextExpansion(models.Model):
    """The words and the embedding that the archive adds to one text of a filter. As for `Vector`, no text is stored."""

    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the text and of the words to ignore.")
    words = models.JSONField(help_text="Words that are looked for, too: stem, weight, and the word as papers write it.")
    words_mean = models.FloatField(help_text="The mean of a paper’s weighted words over the archive.")
    values = models.BinaryField(null=True, help_text="384 numbers of 32 bits, if texts are compared by meaning.")
    values_mean = models.FloatField(default=0.0, db_default=0.0, help_text="A paper’s mean similarity to them.")
    made_on = models.DateField()
    used_on = models.DateField(db_index=True, help_text="The time when it was last needed, to within a week.")

    class Meta:
        verbose_name = "expansion of a text"
        verbose_name_plural = "expansions of texts"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return ", ".join(word for _, _, word in self.words)


class ArchiveWords(models.Model):
    """The number of papers of the archive that contain each word: one row."""

    papers = models.PositiveIntegerField()
    counts = models.JSONField(help_text="By word stem.")
    made_on = models.DateField()
    expanded_at = models.DateTimeField(
        null=True, editable=False, help_text="The time when an expansion was last stored."
    )

    class Meta:
        verbose_name = "word counts of the archive"
        verbose_name_plural = "word counts of the archive"

    def __str__(self) -> str:
        return f"{len(self.counts)} words in {self.papers} papers"
