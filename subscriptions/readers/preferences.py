"""The preferences that a reader sets on the form."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from subscriptions.models import Subscriber, Topic, TopicFilter
from subscriptions.models.readers import DEFAULT_MAX_PAPERS, DEFAULT_SEND_HOUR
from subscriptions.readers.liked_papers import LikedPaper
from subscriptions.time_zones import time_zones
from subscriptions.topics import areas


class Switch(NamedTuple):
    """A preference that is on or off: a field of the reader's row, off by default.

    The form, the admin, the API, imports and exports offer every switch in SWITCHES.
    """

    name: str
    label: Any  # beside its checkbox, translated when it is shown
    otherwise: Any  # what happens while it is off, likewise

    @property
    def description(self) -> str:
        """The help text of its field in the reader's row."""
        return str(Subscriber._meta.get_field(self.name).help_text)  # type: ignore[union-attr]


SWITCHES = (
    Switch(
        "mail_quiet_days",
        _("Email me the top-voted papers when nothing matches"),
        _("Otherwise you get no email on such days."),
    ),
    Switch(
        "one_list",
        _("Show papers in one list, best match first"),
        _("Otherwise there is a heading for each thing you follow."),
    ),
)
# The preferences that are fields of the reader's row. The others are rows of their own.
SETTINGS = (
    "language",
    "frequency",
    "time_zone",
    "send_hour",
    "max_papers",
    "amount",
    *(switch.name for switch in SWITCHES),
)

MAX_SAVED = 20  # papers that a reader can save before they confirm


@dataclass(frozen=True)
class Preferences:
    topics: Iterable[Topic] = ()
    words: str = ""
    frequency: str = Subscriber.Frequency.DAILY
    send_hour: int = DEFAULT_SEND_HOUR
    time_zone: str = "UTC"
    max_papers: int = DEFAULT_MAX_PAPERS
    mail_quiet_days: bool = False
    amount: str = Subscriber.Amount.BALANCED
    one_list: bool = False
    language: str = "en"
    follows_likes: bool | None = None  # from an import; None leaves it as it is, because the form does not ask for it
    likes: tuple[LikedPaper, ...] = ()  # from the sign-up; ratings or saved papers once the reader confirms

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"topics": [topic.slug for topic in self.topics]}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Preferences":
        """Return stored preferences, with topics that are still offered. An unknown time zone becomes UTC."""
        topics = Topic.objects.offered().filter(slug__in=areas.current(stored["topics"]))
        zone = stored.get("time_zone")
        likes = tuple(map(LikedPaper.from_json, stored.get("likes", ())))
        current = {"topics": topics, "time_zone": zone if zone in time_zones() else "UTC", "likes": likes}
        return cls(**stored | current)

    @classmethod
    def of(cls, subscriber: Subscriber) -> "Preferences":
        """Return the reader's current preferences."""
        follows = list(subscriber.filters.select_related("topic"))
        return cls(
            topics=[row.topic for row in follows if row.topic],
            words="\n".join(row.words for row in follows if not row.topic),
            **{name: getattr(subscriber, name) for name in SETTINGS},
        )

    @property
    def saved(self) -> list[LikedPaper]:
        """Return the papers that the reader saved before signing up."""
        return [paper for paper in self.likes if paper.is_saved]

    @property
    def only_saves(self) -> bool:
        """Return whether the sign-up saved a paper and chose nothing to follow."""
        return bool(self.saved) and len(self.saved) == len(self.likes) and not (list(self.topics) or self.words.strip())

    def after_earlier(self, subscriber: Subscriber) -> "Preferences":
        """Return the preferences with the papers that earlier sign-ups saved. Saving one more paper drops no topics."""
        earlier = (
            Preferences.from_json(subscriber.requested_preferences).saved if subscriber.requested_preferences else []
        )
        fresh = [paper for paper in earlier if paper not in self.likes]
        kept = Preferences.of(subscriber) if self.only_saves and subscriber.filters.exists() else self
        return replace(kept, likes=(*self.likes, *fresh[:MAX_SAVED]))

    def set_on(self, subscriber: Subscriber) -> list[TopicFilter]:
        """Set the fields of the reader's row and return the filters. Save nothing."""
        for name in SETTINGS:
            setattr(subscriber, name, getattr(self, name))
        if self.follows_likes is not None:
            subscriber.follows_likes = self.follows_likes
        filters = [TopicFilter(subscriber=subscriber, topic=topic) for topic in self.topics]
        words = self.words.strip()
        return [*filters, TopicFilter(subscriber=subscriber, words=words)] if words else filters
