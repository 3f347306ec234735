"""A word of advice on what a reader asks for, when it brings nothing, or more than anybody reads. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from digest.composing import Digest, Wanted
from digest.discovery.shelf import Shelf
from digest.matching import Interest, in_category, same_person
from subscriptions.filters import Criteria

MOST = 3  # remarks of a kind
NEAR = 3  # things named as near
FLOOD = 1.5  # times what the reader's mail holds


@dataclass(frozen=True)
class Advice:
    """One remark; the template says it in words."""

    kind: str  # no_phrase, no_author, no_category: it never occurs; category, without “cat:”; excluded; flood
    about: str = ""  # the phrase, the author, the category, the excluded phrases; the interest that brings most
    papers: int = 0  # how many that takes or brings
    near: tuple[tuple[str, int], ...] = ()  # what is near to it, and in how many papers that is


def advise(shelf: Shelf, digests: Sequence[Digest], wanted: Wanted, own: Criteria) -> tuple[Advice, ...]:
    """What a friend would remark on `digests`, composed from `shelf` for `wanted`; `own` are the reader's words."""
    if not digests:
        return ()
    found = sum(len(digest.for_you) + digest.more for digest in digests)
    kinds = [_never_found(shelf, own, wanted.amount)]
    if wanted.interests and not found:
        kinds.append(_left_out(shelf, wanted))
    if wanted.interests and found > FLOOD * wanted.max_papers * len(digests):
        kinds.append(_too_much(shelf, wanted))
    return tuple(advice for kind in kinds for advice in islice(kind, MOST))


def _never_found(shelf: Shelf, own: Criteria, amount: str) -> Iterator[Advice]:
    """Of the reader's own words: a topic has many phrases, and need not have all of them in one week."""
    for phrase in (*own.phrases, *own.quoted):
        if not shelf.holding(phrase) and not (phrase in own.phrases and _is_found_apart(shelf, phrase, amount)):
            if "." in phrase and any(in_category(category, phrase) for category in shelf.categories):
                yield Advice("category", phrase)
            else:
                yield Advice("no_phrase", phrase, near=shelf.near(phrase, NEAR))
    for author in own.authors:
        if not any(same_person(author, name) for name in shelf.authors):
            yield Advice("no_author", author)
    for pattern in own.categories:
        if not any(in_category(category, pattern) for category in shelf.categories):
            yield Advice("no_category", pattern)


def _is_found_apart(shelf: Shelf, phrase: str, amount: str) -> bool:
    """Whether it brings papers by its words or its meaning, though it stands in none of them."""
    return " " in phrase and shelf.matching([Interest("", Criteria(phrases=(phrase,)))], amount) > 0


def _left_out(shelf: Shelf, wanted: Wanted) -> Iterator[Advice]:
    """Exclusions that take all there is."""
    without = [replace(interest, criteria=_but_for(interest.criteria, wanted)) for interest in wanted.interests]
    if wanted.exclusions and (papers := shelf.matching(without, wanted.amount)):
        yield Advice("excluded", ", ".join(wanted.exclusions), papers)


def _but_for(criteria: Criteria, wanted: Wanted) -> Criteria:
    """`criteria` without what the reader excludes; what a topic excludes by itself stays out."""
    left = tuple(phrase for phrase in criteria.exclusions if phrase not in wanted.exclusions)
    return replace(criteria, exclusions=left)


def _too_much(shelf: Shelf, wanted: Wanted) -> Iterator[Advice]:
    """The interest that brings the most, where there are several."""
    brought = (shelf.matching([interest], wanted.amount, wanted.exclusions) for interest in wanted.interests)
    papers, label = max(zip(brought, (interest.label for interest in wanted.interests), strict=True))
    yield Advice("flood", label if len(wanted.interests) > 1 else "", papers)
