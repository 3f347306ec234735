"""Subjects that readers can tick."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from subscriptions.query.grammar import Criteria

SHORT_WORD = 4  # letters; a shorter word, such as RL, is part of too many others


class TopicQuerySet(models.QuerySet["Topic"]):
    def offered(self) -> "TopicQuerySet":
        return self.filter(is_offered=True)

    def known(self) -> "TopicQuerySet":
        """Return the offered topics, and the catalogue's broader topics that are no longer offered.

        The latter still have pages and feeds, and help to understand readers' own words.
        """
        return self.filter(Q(is_offered=True) | ~Q(narrower=[]) & ~Q(loaded_hash=""))


class Topic(models.Model):
    """A subject that readers can choose. It comes from the catalogue or an admin; a load keeps an admin's edits.

    A broader topic includes narrower ones: a reader who chooses it gets what any of them finds. An area is a broader
    topic with the name of its group; it includes all single topics of the group (see subscriptions.topics.areas).
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, db_index=True)
    description = models.CharField(max_length=200, blank=True)
    phrases = models.JSONField(
        default=list,
        blank=True,
        help_text='A list of phrases, such as ["reward model", "RLHF"]. A paper with any of them matches.',
    )
    exclusions = models.JSONField(
        default=list, blank=True, help_text="A paper with any of these phrases never matches."
    )
    categories = models.JSONField(
        default=list,
        blank=True,
        db_default=models.Value([], models.JSONField()),
        help_text="A paper that a source files under any of these categories is on the topic.",
    )
    narrower = models.JSONField(
        "narrower topics", default=list, blank=True, help_text="The slugs of the topics that this one includes."
    )
    is_offered = models.BooleanField("offered to readers", default=True)
    position = models.PositiveIntegerField(default=0, help_text="Topics with lower numbers come first on the form.")
    catalogue = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The catalogue that it comes from. It is empty if an admin made the topic.",
    )
    loaded_hash = models.CharField(max_length=64, blank=True, editable=False)
    # What was learned from example papers (see digest.search.topic_maker).
    examples_used = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    vector = models.BinaryField(
        default=b"", db_default=b"", editable=False, help_text="Its embedding: 384 numbers in float16."
    )
    vector_model = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The sentence model that made the embedding.",
    )

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for field in ("phrases", "exclusions", "categories", "narrower"):
            value = getattr(self, field)
            if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
                raise ValidationError({field: "Write a list of texts."})
        if not self.phrases and not self.categories and not self.narrower:
            message = "Write at least one phrase or category, or choose topics that this one includes."
            raise ValidationError({"phrases": message})
        self._check_levels()

    def _check_levels(self) -> None:
        """Raise ValidationError if a broader topic would include a broader one: there is one level."""
        if self.slug in self.narrower:
            raise ValidationError({"narrower": "A topic can’t include itself. Remove it from the list."})
        # Areas follow what their topics are (see subscriptions.topics.areas), so they are in the way of nothing.
        others = [other for other in Topic.objects.exclude(pk=self.pk).exclude(narrower=[]) if not other.is_area]
        if wide := next((other.name for other in others if other.slug in self.narrower), ""):
            raise ValidationError({"narrower": f"“{wide}” includes others. Choose topics that include none."})
        before = Topic.objects.filter(pk=self.pk).values_list("slug", flat=True).first() or self.slug
        if wide := next((other.name for other in others if before in other.narrower), ""):
            if self.narrower:
                raise ValidationError({"narrower": f"“{wide}” includes this topic, so this one can’t include others."})
            if self.slug != before:
                raise ValidationError({"slug": f"“{wide}” includes this topic by its slug. Remove it there first."})

    @property
    def criteria(self) -> Criteria:
        return Criteria(
            categories=tuple(self.categories), quoted=tuple(self.phrases), exclusions=tuple(self.exclusions)
        )

    @property
    def is_area(self) -> bool:
        return bool(self.narrower) and self.name == self.group

    @property
    def is_by_hand(self) -> bool:
        """Return whether an admin made it, rather than the catalogue."""
        return not self.loaded_hash

    @property
    def about(self) -> str:
        """The name and description in one line."""
        return f"{self.name}: {self.description}" if self.description else self.name

    @property
    def called(self) -> str:
        """The words of name and description, in the active language and English, that the box of topics searches."""
        return searchable(*in_both(self.name, self.description))

    @property
    def hinted(self) -> str:
        """Further words that the box searches in the same way: those of its group, categories and phrases."""
        return searchable(*in_both(self.group), *map(str, self.categories), *map(str, self.phrases))


class Catalogue(models.Model):
    """The state of a catalogue that comes with the code (see subscriptions.topics.catalogues)."""

    slug = models.SlugField(unique=True, editable=False)
    is_on = models.BooleanField(
        "offered to readers",
        help_text="Readers can choose its topics. If you untick this, those who follow one of them keep it.",
    )
    withdrawn = models.JSONField(
        default=list,
        editable=False,
        help_text="Slugs of topics that were not offered when it was switched off, so that they stay so.",
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.slug


def in_both(*texts: str) -> list[str]:
    """Return the texts in the active language and in English, without empty ones and duplicates."""
    texts = tuple(text for text in texts if text)
    return list(dict.fromkeys([*map(gettext, texts), *texts]))


def searchable(*texts: str) -> str:
    """Return the words of the texts in lower case, each after a space."""
    return "".join(f" {word}" for word in words_of(" ".join(texts)))


def begins(text: str, words: Sequence[str]) -> bool:
    """Return whether each of `words` begins a word of the searchable `text`, as subscription_form.js does."""
    return bool(words) and all(f" {word}" in text for word in words)


def holds(text: str, words: Sequence[str]) -> bool:
    """Return whether `text` contains all of `words`; a short one must begin a word (as in subscription_form.js)."""
    return bool(words) and all((f" {word}" if len(word) < SHORT_WORD else word) in text for word in words)


def words_of(text: str) -> list[str]:
    """Return the words of `text` in lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.lower())
