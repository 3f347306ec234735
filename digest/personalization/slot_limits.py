"""Limits on a filter's slots in a digest. They are halved each time a reader asks for fewer of its papers. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from digest.matching import Match


def slots(total: int, fewer: int) -> int:
    """Return how many of a digest's `total` slots papers of one filter may take, after `fewer` requests for fewer."""
    return max(1, total >> fewer)


@dataclass(frozen=True)
class SlotLimits:
    """The reader's requests for fewer papers: how many, by the names of their filters."""

    fewer: Mapping[str, int]

    def apply(self, matches: Iterable[Match], total: int) -> list[Match]:
        """Return the matches that have a slot in a digest of `total`, in their order."""
        taken: Counter[str] = Counter()
        return [match for match in matches if self._has_slot(match, taken, total)]

    def _has_slot(self, match: Match, taken: Counter[str], total: int) -> bool:
        """Take a slot for `match`, and return whether there was one. A filter without a request has no limit."""
        names = [finding.interest for finding in match.findings]
        limited = [name for name in names if self.fewer.get(name)]
        if len(limited) < len(names):
            return True
        free = [name for name in limited if taken[name] < slots(total, self.fewer[name])]
        taken.update(free[:1])
        return bool(free)
