"""Answers of a language model about papers and interests."""

from django.db import models

from digest.models.papers import Paper


class Assessment(models.Model):
    """The answer of the model at JUDGE_API_URL to whether one paper fits one interest, asked once.

    The words of the interest are not stored, nor who follows it.
    """

    interest_key = models.CharField(max_length=64, help_text="SHA-256 of the interest’s words.")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="assessments")
    fits = models.BooleanField(
        null=True, help_text="Whether the paper fits the interest. It is empty if the answer could not be used."
    )
    model = models.CharField(max_length=200, blank=True)
    problem = models.TextField(blank=True, help_text="Why the answer could not be used.")
    asked_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [models.UniqueConstraint(fields=["paper", "interest_key"], name="one_assessment_per_interest")]

    def __str__(self) -> str:
        return f"{self.paper} and interest {self.interest_key[:12]}…"
