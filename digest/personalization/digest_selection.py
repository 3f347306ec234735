"""Select the papers of one reader's digest: the best matches, then trending papers. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple

from digest.matching import Finding, Index, Interest, Match, PaperText, answers_of, choose_from, share_fairly
from digest.matching.scoring_weights import THRESHOLDS
from digest.personalization.like_filter import LIKES, Likes, with_likes
from digest.personalization.slot_limits import SlotLimits

TRENDING = 3  # papers at most


class QueryProfile(NamedTuple):
    """The filters and settings of one reader."""

    interests: tuple[Interest, ...]
    exclusions: tuple[str, ...] = ()
    max_papers: int = 10
    trending_if_none_match: bool = False  # send trending papers if nothing matches
    amount: str = "balanced"  # or fewer, or more: how certain a match must be
    likes: Likes | None = None  # what was learned from likes
    slot_limits: SlotLimits | None = None  # of filters that the reader wants fewer papers of
    is_grouped: bool = False  # wants a heading for each interest
    by_votes: bool = False  # wants the most voted papers among those that match
    dismissed: frozenset[str] = frozenset()  # keys of the papers that were not for the reader


class Group(NamedTuple):
    """Papers of a digest under one heading: the label of their strongest interest, or "" if there are no headings."""

    interest: str
    matches: tuple[Match, ...]


class Digest(NamedTuple):
    """The content of one reader's email, from one edition or a week of them."""

    day: dt.date
    for_you: tuple[Match, ...]
    trending: tuple[Match, ...]
    more: int  # matches beyond the reader's maximum
    of_how_many: int  # papers in the edition, or in the week
    send_if_empty: bool = False  # sent even if it has no papers, and then one line says so
    is_grouped: bool = False  # the papers `for_you` are ordered by their strongest interest
    waiting: int = 0  # papers without an embedding yet; the choice may still change when they get one

    @property
    def is_worth_sending(self) -> bool:
        return bool(self.for_you or self.trending) or self.send_if_empty

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

    def with_papers(self, papers: Mapping[str, PaperText]) -> "Digest":
        """Return the digest with these papers, by key. Leave out those that are missing."""
        for_you, trending = (
            tuple(replace(found, paper=papers[found.paper.key]) for found in matches if found.paper.key in papers)
            for matches in (self.for_you, self.trending)
        )
        return self._replace(for_you=for_you, trending=trending)

    @property
    def groups(self) -> list[Group]:
        """The papers `for_you`, by the headings that they are shown under."""
        if not self.is_grouped:
            return [Group("", self.for_you)] if self.for_you else []
        return [Group(interest, tuple(matches)) for interest, matches in _by_interest(self.for_you).items()]


def compose(index: Index, wanted: QueryProfile, day: dt.date) -> Digest:
    """Return the reader's digest.

    It is empty, and not worth sending, if nothing matches and the reader did not ask for quiet days. A reader
    without filters gets what is close to their likes, and then the papers with the most votes, without headings.
    """
    for_you, matching = _for_you(index, wanted)
    wants_trending = wanted.interests and (for_you or wanted.trending_if_none_match)
    groups = _by_interest(for_you) if wanted.is_grouped and wanted.interests else {}
    return Digest(
        day=day,
        for_you=tuple(chain.from_iterable(groups.values())) if len(groups) > 1 else _in_one_list(for_you, wanted),
        trending=_trending(index, wanted, for_you) if wants_trending else (),
        more=matching - len(for_you),
        of_how_many=len(index.papers),
        send_if_empty=bool(wanted.interests) and wanted.trending_if_none_match,
        is_grouped=len(groups) > 1,
        waiting=index.waiting,
    )


def is_by_interest(findings: Iterable[Finding]) -> bool:
    """Return whether a filter found the paper, such as likes, and not its votes alone."""
    return any(finding.interest for finding in findings)


def _by_interest(matches: Iterable[Match]) -> dict[str, list[Match]]:
    """Return `matches` by their strongest interest.

    The interest of the first match is the first. What is only close to the reader's likes comes last, because the
    other interests are those that they chose.
    """
    groups: dict[str, list[Match]] = {}
    for found in matches:
        groups.setdefault(_strongest_chosen(found), []).append(found)
    if close_to_likes := groups.pop(LIKES, None):
        groups[LIKES] = close_to_likes
    return groups


def _in_one_list(matches: Sequence[Match], wanted: QueryProfile) -> tuple[Match, ...]:
    """Return `matches` with those that are only close to the reader's likes last, as below headings.

    The order by votes stays, and so does that of a reader who has chosen nothing else.
    """
    if not wanted.likes or wanted.by_votes or not wanted.interests:
        return tuple(matches)
    return tuple(sorted(matches, key=lambda found: _strongest_chosen(found) == LIKES))


def _strongest_chosen(found: Match) -> str:
    return next((finding.interest for finding in found.findings if finding.interest != LIKES), LIKES)


def _for_you(index: Index, wanted: QueryProfile) -> tuple[list[Match], int]:
    """Return the papers chosen for the reader, and the number of matches that they were chosen from."""
    answers = answers_of(index, wanted.interests, wanted.amount)
    if wanted.likes:
        least = min((interest.criteria.min_votes for interest in wanted.interests), default=0)
        answers = with_likes(index, answers, wanted.likes, wanted.amount, least)
    is_plain = wanted.interests and not wanted.slot_limits and not wanted.by_votes
    most = wanted.max_papers if is_plain else len(index.papers)
    if dismissed := _dismissed(index, wanted):
        answers = [answer.without(dismissed) for answer in answers]
    matches, matching = choose_from(index, answers, wanted.exclusions, wanted.amount, most)
    if is_plain:
        return matches, matching
    if not wanted.interests:
        matches += _fill_with_top_voted(index, wanted, matches)
    if wanted.slot_limits:
        matches = wanted.slot_limits.apply(matches, wanted.max_papers)
    if wanted.interests and wanted.by_votes:
        return _rank_by_votes(matches, wanted), len(matches)
    if wanted.interests:
        return share_fairly(matches, wanted.max_papers, wanted.amount), len(matches)
    return matches[: wanted.max_papers], len(matches)


def _rank_by_votes(matches: Sequence[Match], wanted: QueryProfile) -> list[Match]:
    """Return the matches with the most votes, shared fairly among the reader's interests."""
    by_votes = sorted(matches, key=lambda found: -found.paper.votes)
    least, ranks = THRESHOLDS[wanted.amount], len(by_votes)
    # Shares are made from probabilities, so a rank by votes becomes one. The most voted paper has the highest.
    scores = (1 - (1 - least) * rank / ranks for rank in range(ranks))
    ranked = [replace(found, score=score) for found, score in zip(by_votes, scores, strict=True)]
    return share_fairly(ranked, wanted.max_papers, wanted.amount)


def _fill_with_top_voted(index: Index, wanted: QueryProfile, chosen: Sequence[Match]) -> list[Match]:
    """Return the papers beyond `chosen`, the most voted first, for a reader without filters."""
    excluded = index.with_any(wanted.exclusions) | _dismissed(index, wanted)
    left_out = {id(found.paper) for found in chosen}
    numbers = (number for number in index.by_votes if number not in excluded)
    return [index.voted(number) for number in numbers if id(index.papers[number]) not in left_out]


def _dismissed(index: Index, wanted: QueryProfile) -> frozenset[int]:
    """Return the numbers of the papers that were not for the reader."""
    if not wanted.dismissed:
        return frozenset()
    return frozenset(number for number, paper in enumerate(index.papers) if paper.key in wanted.dismissed)


def _trending(index: Index, wanted: QueryProfile, for_you: list[Match]) -> tuple[Match, ...]:
    """Return the other papers with the most votes."""
    left_out = {id(found.paper) for found in for_you}
    excluded = index.with_any(wanted.exclusions) | _dismissed(index, wanted)
    left_out.update(id(index.papers[number]) for number in excluded)
    return tuple(islice((found for found in index.trending if id(found.paper) not in left_out), TRENDING))
