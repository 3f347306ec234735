"""Subjects that readers can tick."""

import re
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext

from subscriptions.query.grammar import Criteria

SHORT = 4  # letters; a shorter word, such as RL, stands within too many others


class Topic(models.Model):
    """A subject that readers can tick. The catalogue loads it; what an admin edits stays edited.

    A broader topic stands for narrower ones: whoever ticks it gets what any of them finds.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, db_index=True)
    description = models.CharField(max_length=200, blank=True)
    phrases = models.JSONField(
        default=list, blank=True, help_text='A list of phrases, any of which matches: ["reward model", "RLHF"]'
    )
    exclusions = models.JSONField(
        default=list, blank=True, help_text="A paper with one of these phrases never matches."
    )
    narrower = models.JSONField(
        "narrower topics", default=list, blank=True, help_text="The slugs of topics that this one stands for."
    )
    is_offered = models.BooleanField("offered to readers", default=True)
    position = models.PositiveIntegerField(default=0, help_text="Order on the form.")
    loaded_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for field in ("phrases", "exclusions", "narrower"):
            value = getattr(self, field)
            if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
                raise ValidationError({field: "Write a list of texts."})
        if not self.phrases and not self.narrower:
            raise ValidationError({"phrases": "Write at least one phrase, or choose topics that this one stands for."})
        self._check_what_it_stands_for()

    def _check_what_it_stands_for(self) -> None:
        """One level: what stands for others is not stood for itself."""
        if self.slug in self.narrower:
            raise ValidationError({"narrower": "A topic can’t stand for itself."})
        others = Topic.objects.exclude(pk=self.pk).exclude(narrower=[])
        if wide := next((other.name for other in others if other.slug in self.narrower), ""):
            raise ValidationError({"narrower": f"“{wide}” stands for others. Choose topics that stand for none."})
        before = Topic.objects.filter(pk=self.pk).values_list("slug", flat=True).first() or self.slug
        if wide := next((other.name for other in others if before in other.narrower), ""):
            if self.narrower:
                raise ValidationError({"narrower": f"“{wide}” stands for this topic, so it can’t stand for others."})
            if self.slug != before:
                raise ValidationError({"slug": f"“{wide}” stands for this topic by its slug: take it out there first."})

    @property
    def criteria(self) -> Criteria:
        return Criteria(quoted=tuple(self.phrases), exclusions=tuple(self.exclusions))

    @property
    def is_by_hand(self) -> bool:
        """Whether it was made here, and is not of the catalogue."""
        return not self.loaded_hash

    @property
    def about(self) -> str:
        """What the topic is about, in a sentence."""
        return f"{self.name}: {self.description}" if self.description else self.name

    @property
    def called(self) -> str:
        """Its name and description, as the box that finds topics looks through them: in the language that is active,
        and as papers say it."""
        return searchable(*_in_both(self.name, self.description))

    @property
    def hinted(self) -> str:
        """What else it can be found by, in the same way: its group and its phrases."""
        return searchable(*_in_both(self.group), *map(str, self.phrases))


def _in_both(*said: str) -> list[str]:
    texts = [text for text in said if text]
    return list(dict.fromkeys([*map(gettext, texts), *texts]))


def searchable(*texts: str) -> str:
    """The words of the texts, with a space before each."""
    return "".join(f" {word}" for word in words_of(" ".join(texts)))


def begins(text: str, words: Sequence[str]) -> bool:
    """Does a word of `text` (see searchable) begin with each of `words`? As static/wishes.js has it."""
    return bool(words) and all(f" {word}" in text for word in words)


def holds(text: str, words: Sequence[str]) -> bool:
    """Does `text` hold all of `words`, a short one at the beginning of a word? As static/wishes.js has it."""
    return bool(words) and all((f" {word}" if len(word) < SHORT else word) in text for word in words)


def words_of(text: str) -> list[str]:
    """Return the words of `text` in lower case, without punctuation."""
    return re.findall(r"[^\W_]+", text.lower())
