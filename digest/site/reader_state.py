"""The state of the buttons on a page: the papers that a signed-in reader has saved and rated, and what they follow."""

from functools import cached_property

from digest.models import Opinion, SavedPaper
from subscriptions.models import Subscriber
from subscriptions.readers import follows


class ReaderState:
    """The reader's papers and follows. Each kind is read once per page, when the first button needs it."""

    def __init__(self, reader: Subscriber) -> None:
        self._reader = reader

    @cached_property
    def saved(self) -> frozenset[int]:
        """The ids of the papers on the reader's list."""
        rows = SavedPaper.objects.filter(subscriber=self._reader, removed_at=None)
        return frozenset(rows.values_list("paper_id", flat=True))

    @cached_property
    def verdicts(self) -> dict[int, str]:
        """The reader's ratings by the paper's id."""
        rows = Opinion.objects.filter(subscriber=self._reader, filter_key="")
        return dict(rows.values_list("paper_id", "verdict"))

    @cached_property
    def dismissed(self) -> frozenset[int]:
        """The ids of the papers that were not for the reader."""
        return frozenset(pk for pk, verdict in self.verdicts.items() if verdict == Opinion.Verdict.NOT_FOR_ME)

    @cached_property
    def followed(self) -> frozenset[tuple[str, str]]:
        """The keys of the topics, authors and phrases that the reader follows."""
        return follows.followed(self._reader)

    def follows(self, kind: str, value: str) -> bool:
        return follows.key(kind, value) in self.followed
