"""The papers, and the sources that listed them."""

import hashlib
from typing import Any

from django.db import models
from django.utils.formats import date_format

from digest.matching import Finding, Reason
from digest.matching.tokens import key_of
from digest.models.editions import Edition
from digest.models.sources import Source
from digest.paper_keys import arxiv_number
from subscriptions.models import Topic

# The columns of a paper that its card in a list reads, its properties included. Lists load no others.
CARD_FIELDS = (
    "key", "title", "summary", "take_away", "take_away_by", "abstract", "authors", "organization", "url", "github_url",
    "github_stars", "project_url", "votes", "edition_votes", "comments", "is_pinned", "edition",
)  # fmt: skip


class TakeAwayBy(models.TextChoices):
    SENTENCE = "sentence", "the authors: a sentence of the abstract"
    AI = "ai", "AI: written by the server at SUMMARY_API_URL"


def title_key(title: str) -> str:
    """Return a hash of a title's stemmed words, or "" if it has none. Case, punctuation and hyphens don't matter.

    Papers store it. After a change of `key_of`, compute the keys of all papers again.
    """
    key = key_of(title)
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else ""


class TitleKeyField(models.CharField[str, str]):
    """The `title_key` of a paper, set whenever it is saved or created in bulk. `bulk_update` needs it set before."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        model_instance.title_key = key = title_key(model_instance.title)
        return key

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs  # the column is an ordinary one


class Paper(models.Model):
    """One work. It belongs to one edition at most, so no reader gets it twice."""

    TakeAwayBy = TakeAwayBy

    key = models.CharField(
        max_length=300, unique=True, help_text="The paper’s key: arxiv:2608.16590, doi:10.…, or a hash of its link."
    )
    title = models.TextField()
    abstract = models.TextField(blank=True)
    authors = models.JSONField(default=list)
    categories = models.JSONField(default=list, blank=True)
    keywords = models.JSONField(default=list, blank=True)
    url = models.URLField(max_length=1000)
    published_on = models.DateField(null=True, blank=True)
    doi = models.CharField(max_length=255, blank=True, db_index=True)
    fingerprint = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        editable=False,
        help_text="A hash of the plain title and the first author.",
    )
    title_key = TitleKeyField(
        max_length=32, blank=True, default="", db_default="", db_index=True, editable=False,
        help_text="A hash of the title’s words.",
    )  # fmt: skip
    announce_type = models.CharField(
        max_length=20, blank=True, help_text="The kind of announcement at arXiv: new or cross."
    )
    comment = models.TextField(
        blank=True, help_text="The authors’ remark on arXiv, such as the number of pages or the conference."
    )
    enriched_at = models.DateTimeField(
        null=True, blank=True, help_text="The time when arXiv was last asked for its metadata."
    )
    thumbnail_url = models.URLField(
        "card", max_length=1000, blank=True, help_text="The address of a card with the title, as social media show it."
    )
    figure_url = models.URLField(
        max_length=1000, blank=True, help_text="The address of a figure. It is shown in place of the card."
    )
    github_url = models.URLField(max_length=1000, blank=True)
    github_stars = models.PositiveIntegerField("GitHub stars", null=True, blank=True)
    project_url = models.URLField(max_length=1000, blank=True)
    organization = models.CharField(max_length=200, blank=True)
    summary = models.TextField("AI summary", blank=True)
    take_away = models.TextField(
        "take-away",
        blank=True,
        default="",
        db_default="",
        help_text="A sentence or two, made if the source has no summary.",
    )
    take_away_by = models.CharField(
        "take-away by", max_length=8, blank=True, default="", db_default="", choices=TakeAwayBy.choices
    )
    votes = models.PositiveIntegerField(default=0, help_text="The highest count of any source today.")
    comments = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    edition = models.ForeignKey(Edition, on_delete=models.SET_NULL, null=True, blank=True, related_name="papers")
    edition_votes = models.PositiveIntegerField("votes at publication", default=0)
    is_pinned = models.BooleanField("pinned", default=False, help_text="The paper is shown first in its edition.")
    is_hidden = models.BooleanField("hidden", default=False, help_text="The paper is neither shown nor emailed.")

    class Meta:
        ordering = ["-first_seen_at"]
        indexes = [
            models.Index(fields=["edition", "-is_pinned", "-edition_votes"], name="paper_by_rank"),
            # An edition's page counts and ranks a thousand papers in this index, and reads only the rows it shows.
            models.Index(
                fields=["edition", "is_hidden", "-is_pinned", "-votes", "-edition_votes", "id"], name="paper_by_votes"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def pdf_url(self) -> str:
        """Return the URL of the PDF at arXiv, or "" if the paper is not there."""
        number = arxiv_number(self.key)
        return f"https://arxiv.org/pdf/{number}" if number else ""

    @property
    def project_page(self) -> str:
        """Return the URL of the authors' page about it, or "" if that is only its code, or the paper itself."""
        is_another = self.project_url == self.github_url or "//arxiv.org/" in self.project_url
        return "" if is_another else self.project_url


class PaperAlias(models.Model):
    """Another key under which a source knows the same work."""

    key = models.CharField(max_length=300, unique=True)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        ordering = ["key"]
        verbose_name_plural = "paper aliases"

    def __str__(self) -> str:
        return self.key


class TopicPaper(models.Model):
    """A published paper and a topic that was found in it, as `digest.papers.topic_assignment` stores it."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="papers")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="topics")
    day = models.DateField(help_text="The day of the paper’s edition.")
    score = models.FloatField()
    reasons = models.JSONField(default=list, help_text="The matched terms and where they are.")

    class Meta:
        ordering = ["-day", "-score"]
        constraints = [models.UniqueConstraint(fields=["paper", "topic"], name="one_row_per_paper_and_topic")]
        indexes = [
            models.Index(fields=["topic", "-day", "-score"], name="topic_paper_by_day"),
            models.Index(fields=["day", "topic"], name="topic_paper_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.paper} on {self.topic}"

    @property
    def finding(self) -> Finding:
        return Finding("", self.score, tuple(Reason(**reason) for reason in self.reasons))


class Listing(models.Model):
    """One paper at one source on one day."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="listings")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="listings")
    day = models.DateField(db_index=True)
    votes = models.PositiveIntegerField(default=0)
    comments = models.PositiveIntegerField(default=0)
    announce_type = models.CharField(max_length=20, blank=True)
    submitter = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "source", "day"], name="one_listing_per_paper_source_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.paper} at {self.source} on {date_format(self.day)}"

    @property
    def discussion(self) -> str:
        """Return the URL where the source's readers discuss the paper, or "" if there is no such page."""
        kind, _, number = self.paper.key.partition(":")
        is_there = self.source.kind == Source.Kind.HUGGINGFACE and kind == "arxiv"
        return f"https://huggingface.co/papers/{number}" if is_there else ""
