"""Requests to the server that writes summaries."""

from django.db import models

from digest.models.papers import Paper


class SummaryRequest(models.Model):
    """A paper that the server at SUMMARY_API_URL was asked about, and the reason if its answer was of no use."""

    paper = models.OneToOneField(Paper, on_delete=models.CASCADE, primary_key=True, related_name="summary_request")
    model = models.CharField(max_length=200, blank=True)
    problem = models.TextField(blank=True)
    asked_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"Summary of {self.paper}"
