"""Subjects that readers can tick."""

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext

from subscriptions.filters import Criteria

SHORT = 4  # letters; a shorter word, such as RL, stands within too many others


class Topic(models.Model):
    """A subject that readers can tick. The catalogue loads it; what an admin edits stays edited."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80, unique=True)
    group = models.CharField(max_length=60, db_index=True)
    description = models.CharField(max_length=200, blank=True)
    phrases = models.JSONField(
        default=list, help_text='A list of phrases, any of which matches: ["reward model", "RLHF"]'
    )
    exclusions = models.JSONField(
        default=list, blank=True, help_text="A paper with one of these phrases never matches."
    )
    is_offered = models.BooleanField("offered to readers", default=True)
    position = models.PositiveIntegerField(default=0, help_text="Order on the form.")
    loaded_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for field, least in (("phrases", 1), ("exclusions", 0)):
            value = getattr(self, field)
            if (
                not isinstance(value, list)
                or len(value) < least
                or not all(isinstance(v, str) and v.strip() for v in value)
            ):
                raise ValidationError({field: "Write at least one phrase."})

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
    def searched(self) -> str:
        """What the box that finds topics looks through: in the language that is active, and as papers say it, with a
        space before each word."""
        said = [text for text in (self.name, self.group, self.description) if text]
        texts = (*dict.fromkeys([*map(gettext, said), *said]), *map(str, self.phrases))
        return "".join(f" {word}" for word in words_of(" ".join(texts)))

    def speaks_of(self, sought: str) -> bool:
        """Does it hold all words of `sought`, a short one at the beginning of a word? As static/wishes.js has it."""
        text, words = self.searched, words_of(sought)
        return bool(words) and all((f" {word}" if len(word) < SHORT else word) in text for word in words)


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
