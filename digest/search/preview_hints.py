"""Hints for filters that find nothing, or more than anyone reads. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from digest.matching import OWN_WORDS, Interest, in_category
from digest.personalization.digest_selection import Digest, QueryProfile
from digest.search.recent_papers import RecentPapers
from subscriptions.query.grammar import Criteria

MAX_HINTS = 3  # hints of one kind
MAX_SIMILAR = 3  # similar phrases or names in a hint
AMOUNTS = ("fewer", "balanced", "more")  # highest threshold first
SOME_VOTES = 20  # votes in an example
FLOOD = 1.5  # times the size of the reader's digest


@dataclass(frozen=True)
class FilterHint:
    """A hint on a reader's filters. The template puts it into words."""

    # A word that never occurs: no_phrase, no_author, no_category. A missing prefix: author (“author:”), category
    # (“cat:”). No papers at all: excluded, votes or narrowed (by both) name the cause, no_votes is for a filter of
    # votes alone, amount and broader name a change that would help, and rare is for everything else. Too many papers:
    # flood (one of several interests), flood_topic, flood_phrase, flood_else.
    kind: str
    # The word that never occurs, the excluded phrases, the minimum votes, the amount, or the interest's label.
    about: str = ""
    papers: int = 0  # papers that this removes or brings; for no_votes, the highest number of votes
    near: tuple[tuple[str, int], ...] = ()  # similar phrases or names, each with the number of its papers


def advise(
    recent: RecentPapers,
    digests: Sequence[Digest],
    wanted: QueryProfile,
    own: Criteria,
    broader: Sequence[Interest] = (),
) -> tuple[FilterHint, ...]:
    """Return hints on `digests`, which were composed from `recent` for `wanted`.

    `own` are the reader's own words. `broader` are topics that include one that the reader ticked.
    """
    if not digests:
        return ()
    found = sum(len(digest.for_you) + digest.more for digest in digests)
    never_found = tuple(islice(_words_never_found(recent, own, wanted.amount), MAX_HINTS))
    if not found:
        why = _all_removed(recent, wanted) or _helpful_change(recent, wanted, broader)
        return (*never_found, why) if why else never_found or (FilterHint("rare"),)
    if wanted.interests and found > FLOOD * wanted.max_papers * len(digests):
        return (*never_found, _flood(recent, wanted, own))
    return never_found


def _words_never_found(recent: RecentPapers, own: Criteria, amount: str) -> Iterator[FilterHint]:
    """Yield hints on the reader's own words that never occur. A topic's phrases need not all occur in one week."""
    for phrase in (*own.phrases, *own.quoted):
        if not recent.holding(phrase) and not (
            phrase in own.phrases and _matches_without_phrase(recent, phrase, amount)
        ):
            if "." in phrase and any(in_category(category, phrase) for category in recent.categories):
                yield FilterHint("category", phrase)
            elif recent.written_by(phrase):
                yield FilterHint("author", phrase)
            else:
                yield FilterHint("no_phrase", phrase, near=recent.near(phrase, MAX_SIMILAR))
    for author in own.authors:
        if not recent.written_by(author):
            yield FilterHint("no_author", author, near=recent.near_authors(author, MAX_SIMILAR))
    for pattern in own.categories:
        if not any(in_category(category, pattern) for category in recent.categories):
            yield FilterHint("no_category", pattern)


def _matches_without_phrase(recent: RecentPapers, phrase: str, amount: str) -> bool:
    """Return whether `phrase` finds papers by its words or its embedding, without an exact match."""
    return " " in phrase and recent.matching([Interest("", Criteria(phrases=(phrase,)))], amount) > 0


def _all_removed(recent: RecentPapers, wanted: QueryProfile) -> FilterHint | None:
    """Return a hint if exclusions, the minimum of votes, or both remove every paper."""
    if not wanted.interests:
        everything = len(recent.papers)
        if not (wanted.exclusions and everything):
            return None
        return FilterHint("excluded", _exclusions_text(wanted), everything)
    if papers := recent.matching(_without_exclusions(wanted), wanted.amount):
        return FilterHint("excluded", _exclusions_text(wanted), papers)
    least = max(interest.criteria.min_votes for interest in wanted.interests)
    if not least:
        return None
    if any(interest.wants_votes_alone for interest in wanted.interests):
        return FilterHint("no_votes", str(least), max((paper.votes for paper in recent.papers), default=0))
    if papers := recent.matching(_without_votes(wanted.interests), wanted.amount, wanted.exclusions):
        return FilterHint("votes", str(least), papers)
    papers = recent.matching(_without_votes(_without_exclusions(wanted)), wanted.amount)
    return FilterHint("narrowed", _exclusions_text(wanted), papers) if papers else None


def _exclusions_text(wanted: QueryProfile) -> str:
    return ", ".join(wanted.exclusions)


def _helpful_change(recent: RecentPapers, wanted: QueryProfile, broader: Sequence[Interest]) -> FilterHint | None:
    """Return a hint at a change that would bring papers, if there is one."""
    for amount in AMOUNTS[AMOUNTS.index(wanted.amount) + 1 :]:
        if papers := recent.matching(wanted.interests, amount, wanted.exclusions):
            return FilterHint("amount", amount, papers)
    counts = [(recent.matching([topic], wanted.amount, wanted.exclusions), topic.label) for topic in broader]
    papers, label = max(counts, default=(0, ""))
    return FilterHint("broader", label, papers) if papers else None


def _without_votes(interests: Iterable[Interest]) -> list[Interest]:
    return [replace(interest, criteria=interest.criteria._replace(min_votes=0)) for interest in interests]


def _without_exclusions(wanted: QueryProfile) -> list[Interest]:
    return [
        replace(interest, criteria=_without_readers_exclusions(interest.criteria, wanted))
        for interest in wanted.interests
    ]


def _without_readers_exclusions(criteria: Criteria, wanted: QueryProfile) -> Criteria:
    """Return `criteria` without the reader's exclusions. A topic's own exclusions stay."""
    left = tuple(phrase for phrase in criteria.exclusions if phrase not in wanted.exclusions)
    return criteria._replace(exclusions=left)


def _flood(recent: RecentPapers, wanted: QueryProfile, own: Criteria) -> FilterHint:
    """Return a hint at the interest that brings the most papers, or at the kind of the only one."""
    counts = (recent.matching([interest], wanted.amount, wanted.exclusions) for interest in wanted.interests)
    papers, label = max(zip(counts, (interest.label for interest in wanted.interests), strict=True))
    if len(wanted.interests) > 1:
        words = ", ".join((*own.phrases, *own.quoted, *own.authors, *own.categories))
        return FilterHint("flood", words if label == OWN_WORDS and words else label, papers)
    if own.phrases or own.quoted:
        return FilterHint("flood_phrase", "", papers)
    if wanted.interests[0].wants_votes_alone or own._replace(min_votes=0).wants_something:
        return FilterHint("flood_else", str(2 * own.min_votes or SOME_VOTES), papers)
    return FilterHint("flood_topic", wanted.amount, papers)
