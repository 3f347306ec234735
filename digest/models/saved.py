"""The papers that readers have saved to read later."""

from django.db import models

from digest.models.papers import Paper
from subscriptions.models import Subscriber


class SavedPaper(models.Model):
    """A paper on a reader's list, with their own tags and note."""

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="saved_papers", verbose_name="reader"
    )
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="saved_by")
    saved_at = models.DateTimeField()
    tags = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True)
    removed_at = models.DateTimeField(
        null=True, blank=True, help_text="Removed rows are kept for a day, so that this can be undone."
    )

    class Meta:
        verbose_name = "saved paper"
        ordering = ["-saved_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["subscriber", "paper"], name="paper_is_saved_once")]

    def __str__(self) -> str:
        return f"Paper {self.paper_id} of reader {self.subscriber_id}"
