"""Select the papers of one reader's digest: the best matches, then trending papers. Pure."""

import datetime as dt
from itertools import islice
from typing import NamedTuple

from digest.matching import Index, Interest, Match, choose, match, share
from digest.personalization.feedback_model import FeedbackModel

TRENDING = 3  # papers at most


class QueryProfile(NamedTuple):
    """The filters and settings of one reader."""

    interests: tuple[Interest, ...]
    exclusions: tuple[str, ...] = ()
    max_papers: int = 10
    on_quiet_days: bool = False  # send trending papers if nothing matches
    amount: str = "balanced"  # or fewer, or more: how certain a match must be
    feedback_model: FeedbackModel | None = None  # learned from likes; most readers have none


class Digest(NamedTuple):
    """The content of one reader's email, from one edition or a week of them."""

    day: dt.date
    for_you: tuple[Match, ...]
    trending: tuple[Match, ...]
    more: int  # matches beyond the reader's maximum
    of_how_many: int  # papers in the edition, or in the week
    is_asked_for: bool = False  # sent even if it has no papers, and then one line says so

    @property
    def is_worth_sending(self) -> bool:
        return bool(self.for_you or self.trending) or self.is_asked_for

    @property
    def can_be_shorter(self) -> bool:
        return len(self.matches) > 1

    def shorter(self) -> "Digest":
        """Return the digest without its last paper, a trending one if there is any."""
        if self.trending:
            return self._replace(trending=self.trending[:-1])
        return self._replace(for_you=self.for_you[:-1], more=self.more + 1)

    @property
    def matches(self) -> tuple[Match, ...]:
        return self.for_you + self.trending


def compose(index: Index, wanted: QueryProfile, day: dt.date) -> Digest:
    """Return the reader's digest.

    It is empty, and not worth sending, if nothing matches and the reader did not ask for quiet days. A reader
    without filters gets the papers with the most votes.
    """
    for_you, matching = _for_you(index, wanted)
    wants_trending = wanted.interests and (for_you or wanted.on_quiet_days)
    return Digest(
        day=day,
        for_you=tuple(for_you),
        trending=_trending(index, wanted, for_you) if wants_trending else (),
        more=matching - len(for_you),
        of_how_many=len(index.papers),
        is_asked_for=bool(wanted.interests) and wanted.on_quiet_days,
    )


def _for_you(index: Index, wanted: QueryProfile) -> tuple[list[Match], int]:
    """Return the papers chosen for the reader, and the number of matches that they were chosen from."""
    if wanted.interests and not wanted.feedback_model:
        return choose(index, wanted.interests, wanted.exclusions, wanted.amount, wanted.max_papers)
    matches = _matches(index, wanted)
    if wanted.feedback_model:
        matches = wanted.feedback_model.apply(matches, wanted.max_papers)
    if wanted.interests:
        return share(matches, wanted.max_papers, wanted.amount), len(matches)
    return matches[: wanted.max_papers], len(matches)


def _matches(index: Index, wanted: QueryProfile) -> list[Match]:
    if not wanted.interests:
        excluded = index.with_any(wanted.exclusions)
        return [index.voted(number) for number in index.by_votes if number not in excluded]
    return match(index, wanted.interests, wanted.exclusions, wanted.amount)


def _trending(index: Index, wanted: QueryProfile, for_you: list[Match]) -> tuple[Match, ...]:
    """Return the other papers with the most votes."""
    left_out = {id(found.paper) for found in for_you}
    if wanted.exclusions:
        left_out.update(id(index.papers[number]) for number in index.with_any(wanted.exclusions))
    return tuple(islice((found for found in index.trending if id(found.paper) not in left_out), TRENDING))
