"""Readers' ratings of papers, and what was learned from them."""

from django.db import models
from django.db.models import Q

from digest.models.papers import Paper
from subscriptions.models import Subscriber


class Opinion(models.Model):
    """A reader's rating of one paper, given in an email or on a page."""

    class Verdict(models.TextChoices):
        LIKE = "like", "likes it"
        NOT_FOR_ME = "not-for-me", "not for this reader"
        FEWER = "fewer", "wants fewer papers of a filter"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="opinions", verbose_name="reader")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="opinions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    filter_key = models.CharField(
        max_length=60, blank=True, help_text="The filter to show fewer papers of (see digest.personalization.profiles)."
    )
    came_by = models.JSONField(default=list, blank=True, help_text="The filters that found the paper for the reader.")
    said_at = models.DateTimeField("given at")

    class Meta:
        verbose_name = verbose_name_plural = "feedback"
        ordering = ["-said_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["like", "not-for-me"], filter_key="")
                | (Q(verdict="fewer") & ~Q(filter_key="")),
                name="fewer_are_wanted_of_a_filter",
            ),
            models.UniqueConstraint(fields=["subscriber", "paper", "filter_key"], name="one_opinion_of_a_paper"),
        ]
        indexes = [models.Index(fields=["subscriber", "-said_at"], name="opinion_by_reader")]

    def __str__(self) -> str:
        return f"Reader {self.subscriber_id} of paper {self.paper_id}: {self.verdict}"


class LearnedLikes(models.Model):
    """The model of what a reader liked and saved, see `digest.personalization.like_model`.

    It is learned again after each change, from the texts of the rated papers, which are never deleted.
    """

    subscriber = models.OneToOneField(
        Subscriber, on_delete=models.CASCADE, related_name="learned_likes", verbose_name="reader"
    )
    encoder = models.CharField(max_length=60, blank=True, help_text="The sentence model, or nothing for words alone.")
    meaning = models.BinaryField(help_text="Weights of the embedding: numbers of 16 bits.")
    buckets = models.BinaryField(help_text="Words, by their hashes: numbers of 16 bits.")
    weights = models.BinaryField(help_text="Weights of the words: numbers of 16 bits.")
    offset = models.FloatField(default=0.0)
    words_factor = models.FloatField(default=1.0, help_text="Scale of the words where there are no embeddings.")
    words_offset = models.FloatField(default=0.0)
    examples = models.JSONField(default=list, blank=True, help_text="The newest papers: id, and “liked” or “saved”.")
    is_outdated = models.BooleanField(
        default=False, db_default=False, help_text="Whether it will be learned again soon."
    )
    since = models.DateTimeField(null=True, blank=True, help_text="Feedback given before this is ignored.")
    learned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "learned likes"
        indexes = [models.Index(fields=["is_outdated", "encoder"], name="likes_to_learn_again")]

    def __str__(self) -> str:
        return f"Reader {self.subscriber_id}"


class Learnt(models.Model):
    """The number of times that a reader asked for fewer papers of one filter."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="learnt", verbose_name="reader")
    filter_key = models.CharField(max_length=60)
    weights = models.JSONField(
        default=dict, blank=True, editable=False, help_text="No longer used, because likes are a filter."
    )
    fewer = models.PositiveSmallIntegerField(default=0, help_text="How often the reader asked for fewer papers.")
    since = models.DateTimeField(null=True, blank=True, help_text="Feedback given before this is ignored.")

    class Meta:
        verbose_name = "learned preference"
        constraints = [models.UniqueConstraint(fields=["subscriber", "filter_key"], name="one_lesson_for_a_filter")]

    def __str__(self) -> str:
        return f"Reader {self.subscriber_id}, {self.filter_key}"
