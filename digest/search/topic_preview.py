"""A preview of what a topic would find in the last editions, before it is saved."""

import datetime as dt
from dataclasses import dataclass, replace

from digest.matching import Interest, Match, match
from digest.models import Paper
from digest.personalization import profiles
from digest.search import index_cache
from digest.search.recent_papers import RecentPapers
from subscriptions.models import Topic

PAPERS_SHOWN = 40  # papers, the newest and best first


@dataclass(frozen=True)
class TopicPreview:
    """The papers of the last editions that a topic finds, compared with what it finds as it is saved."""

    days: tuple[tuple[dt.date, int], ...]  # the number of papers found, the newest day first
    found: int
    of_how_many: int
    matches: tuple[Match, ...]  # the first PAPERS_SHOWN, with papers that are whole rows
    new: frozenset[str]  # keys of papers that only the changed topic finds; empty if it is not saved yet
    lost: tuple[Paper, ...]  # papers that only the saved topic finds


def preview_topic(topic: Topic, saved: Topic | None = None) -> TopicPreview:
    """Return what a follower of `topic` would get from the last editions, and the difference from `saved`."""
    recent = index_cache.last()
    (interest,) = profiles.of_topics([topic])
    by_day = [(day, match(index, [interest])) for day, index in recent.days]
    found = {one.paper.key: one for _, matches in by_day for one in matches}
    before = _keys_found(recent, profiles.of_topic(saved)) if saved else None
    return TopicPreview(
        days=tuple((day, len(matches)) for day, matches in by_day),
        found=len(found),
        of_how_many=len(recent.papers),
        matches=_with_rows(list(found.values())[:PAPERS_SHOWN]),
        new=frozenset(found.keys() - before) if before is not None else frozenset(),
        lost=tuple(Paper.objects.filter(key__in=before - found.keys())[:PAPERS_SHOWN]) if before is not None else (),
    )


def _keys_found(recent: RecentPapers, interest: Interest) -> set[str]:
    return {one.paper.key for index in recent.indexes for one in match(index, [interest])}


def _with_rows(matches: list[Match]) -> tuple[Match, ...]:
    """Return `matches` with papers read from the database, because an index holds only what matching needs."""
    rows = {paper.key: paper for paper in Paper.objects.filter(key__in=[one.paper.key for one in matches])}
    return tuple(replace(one, paper=rows[one.paper.key]) for one in matches if one.paper.key in rows)
