"""The papers that a reader likes and that no source of this site has listed."""

from django.db import models

from subscriptions.models import Subscriber


class OutsidePaper(models.Model):
    """A paper that a reader named to start from. It is theirs alone: no page, list or email shows it to others."""

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="outside_papers", verbose_name="reader"
    )
    key = models.CharField(max_length=300, help_text="The key of a paper, or a hash of its title.")
    title = models.TextField()
    abstract = models.TextField(blank=True)
    authors = models.JSONField(default=list, blank=True)
    came_by = models.JSONField(default=list, blank=True, help_text="The reader’s filters that find the paper.")
    said_at = models.DateTimeField("given at")

    # What matching asks of a paper, and what these papers don't have.
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    votes = 0

    class Meta:
        verbose_name = "liked paper from elsewhere"
        verbose_name_plural = "liked papers from elsewhere"
        ordering = ["-said_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["subscriber", "key"], name="outside_paper_is_named_once")]

    def __str__(self) -> str:
        return self.title
