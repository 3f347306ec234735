"""The state of the buttons on a page: the papers that a signed-in reader has saved and rated, and what they follow."""

from collections.abc import Sequence
from functools import cached_property

from django.http import HttpRequest

from digest.models import Opinion, SavedPaper
from digest.site.topics import TopicLabel
from subscriptions.models import Subscriber
from subscriptions.readers import follows
from subscriptions.security import reader_session

_STATE = "_reader_state"  # the attribute of a request


class ReaderState:
    """The reader's papers and follows. Each kind is read once per page, when the first button needs it."""

    def __init__(self, reader: Subscriber) -> None:
        self.reader = reader

    @cached_property
    def saved(self) -> frozenset[int]:
        """The ids of the papers on the reader's list."""
        rows = SavedPaper.objects.filter(subscriber=self.reader, removed_at=None)
        return frozenset(rows.values_list("paper_id", flat=True))

    @cached_property
    def verdicts(self) -> dict[int, str]:
        """The reader's ratings by the paper's id."""
        rows = Opinion.objects.filter(subscriber=self.reader, filter_key="")
        return dict(rows.values_list("paper_id", "verdict"))

    @cached_property
    def dismissed(self) -> frozenset[int]:
        """The ids of the papers that were not for the reader."""
        return frozenset(pk for pk, verdict in self.verdicts.items() if verdict == Opinion.Verdict.NOT_FOR_ME)

    @cached_property
    def followed(self) -> frozenset[tuple[str, str]]:
        """The keys of the topics, authors and phrases that the reader follows."""
        return follows.followed(self.reader)

    @cached_property
    def topics(self) -> frozenset[str]:
        """The slugs of the topics that the reader follows, and of the topics that these include."""
        rows = self.reader.filters.exclude(topic=None).values_list("topic__slug", "topic__narrower")
        return frozenset(slug for followed, narrower in rows for slug in (followed, *narrower))

    def first_followed(self, labels: Sequence[TopicLabel]) -> TopicLabel | None:
        """Return the first of a paper's topics that the reader follows, or None."""
        return next((label for label in labels if label.slug in self.topics), None)

    def follows(self, kind: str, value: str) -> bool:
        return follows.key(kind, value) in self.followed


def of_request(request: HttpRequest) -> ReaderState | None:
    """Return the state of the signed-in reader, the same for the whole request, or None for strangers."""
    if not hasattr(request, _STATE):
        reader = reader_session.reader_of(request)
        setattr(request, _STATE, ReaderState(reader) if reader else None)
    state: ReaderState | None = getattr(request, _STATE)
    return state
