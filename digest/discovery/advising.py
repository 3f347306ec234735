"""A word of advice on what a reader asks for, when it brings nothing, or more than anybody reads. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from digest.composing import Digest, Wanted
from digest.discovery.shelf import Shelf
from digest.matching import in_category, same_person
from subscriptions.filters import Criteria

MOST = 3  # remarks of a kind
NEAR = 3  # things named as near
FLOOD = 1.5  # times what the reader's mail holds


@dataclass(frozen=True)
class Advice:
    """One remark; the template says it in words."""

    kind: str  # no_phrase, no_author, no_category: it never occurs; excluded; flood
    about: str = ""  # the phrase, the author, the category, the excluded phrases; the interest that brings most
    papers: int = 0  # how many that takes or brings
    near: tuple[tuple[str, int], ...] = ()  # what is near to it, and in how many papers that is


def advise(shelf: Shelf, digests: Sequence[Digest], wanted: Wanted, own: Criteria) -> tuple[Advice, ...]:
    """What a friend would remark on `digests`, composed from `shelf` for `wanted`; `own` are the reader's words."""
    if not digests:
        return ()
    found = sum(len(digest.for_you) + digest.more for digest in digests)
    kinds = [_never_found(shelf, own)]
    if wanted.interests and not found:
        kinds.append(_left_out(shelf, wanted))
    if wanted.interests and found > FLOOD * wanted.max_papers * len(digests):
        kinds.append(_too_much(shelf, wanted))
    return tuple(advice for kind in kinds for advice in islice(kind, MOST))


def _never_found(shelf: Shelf, own: Criteria) -> Iterator[Advice]:
    """Of the reader's own words: a topic has many phrases, and need not have all of them in one week."""
    for phrase in (*own.phrases, *own.quoted):
        if not shelf.holding(phrase):
            yield Advice("no_phrase", phrase, near=shelf.near(phrase, NEAR))
    for author in own.authors:
        if not any(same_person(author, name) for name in shelf.authors):
            yield Advice("no_author", author)
    for pattern in own.categories:
        if not any(in_category(category, pattern) for category in shelf.categories):
            yield Advice("no_category", pattern)


def _left_out(shelf: Shelf, wanted: Wanted) -> Iterator[Advice]:
    """Exclusions that take all there is."""
    without = [replace(i, criteria=replace(i.criteria, exclusions=())) for i in wanted.interests]
    if wanted.exclusions and (papers := shelf.matching(without)):
        yield Advice("excluded", ", ".join(wanted.exclusions), papers)


def _too_much(shelf: Shelf, wanted: Wanted) -> Iterator[Advice]:
    """The interest that brings the most, where there are several."""
    papers, label = max((shelf.matching([interest]), interest.label) for interest in wanted.interests)
    yield Advice("flood", label if len(wanted.interests) > 1 else "", papers)
