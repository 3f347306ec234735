"""Pictures of papers as this site shows them."""

from django.db import models

from digest.models.papers import Paper


class Thumbnail(models.Model):
    """A paper's picture, fetched once, made small and encoded again, or the reason why there is none."""

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, primary_key=True, related_name="thumbnail")
    address = models.URLField(
        max_length=1000, help_text="The address of the best original image. The image may come from the next best."
    )
    image = models.BinaryField(blank=True)
    mark = models.CharField(
        max_length=12, blank=True, help_text="The beginning of the image’s SHA-256; empty if there is no image."
    )
    problem = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField()

    class Meta:
        ordering = ["-tried_at"]

    def __str__(self) -> str:
        return f"Picture of {self.paper}"
