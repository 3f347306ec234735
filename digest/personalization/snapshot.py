"""What a digest held, as it is kept in its delivery's row: small, and enough to show that very digest again. Pure.

    {"for_you": [[paper id, votes then, finding, …], …], "trending": [[paper id, votes then], …], "more": 14, "of": 40,
     "frequency": "daily", "language": "en"}

A finding is the interest's name, then kind, what was found, and where, for each of its reasons.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from digest.matching import Finding, Match, PaperText, Reason
from digest.personalization.digest_selection import Digest

MOST_FINDINGS = 30  # of a paper, that a mail tells: more than readers' filters ever made
# What nearly every reason holds, in one letter.
_SHORT = {"phrase": "p", "author": "by", "category": "in", "title": "t", "abstract": "a", "keywords": "k"}
_LONG = {short: long for long, short in _SHORT.items()}

Record = dict[str, Any]


def record(digest: Digest, frequency: str, language: str) -> Record:
    """What `digest` holds, and how it was made."""
    return record_from_parts([record_match(match) for match in digest.matches], digest, frequency, language)


def record_from_parts(papers: Sequence[list[Any]], digest: Digest, frequency: str, language: str) -> Record:
    """The same, of `papers` that were `record_match` before, in the order of the digest."""
    for_you = len(digest.for_you)
    return {
        "for_you": papers[:for_you],
        "trending": [paper[:2] for paper in papers[for_you:]],
        "more": digest.more,
        "of": digest.of_how_many,
        "frequency": frequency,
        "language": language,
    }


def record_match(match: Match) -> list[Any]:
    return [*paper(match), *map(finding, shown(match.findings))]


def shown(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Those of a paper's that a mail tells: all but the weakest of very many."""
    return findings[:MOST_FINDINGS]


def restore(kept: Record, day: dt.date, papers: Mapping[int, PaperText]) -> Digest:
    """The digest that `kept` was made of, but for those of its papers that are not in `papers`, by their ids."""
    return Digest(
        day=day,
        for_you=tuple(_match(*entry, papers=papers) for entry in kept["for_you"] if entry[0] in papers),
        trending=tuple(_match(*entry, papers=papers) for entry in kept["trending"] if entry[0] in papers),
        more=kept["more"],
        of_how_many=kept["of"],
    )


def votes(kept: Record) -> dict[int, int]:
    """The ids of the papers that it held, with their votes of then."""
    return {entry[0]: entry[1] for entry in (*kept["for_you"], *kept["trending"])}


def finding(found: Finding) -> list[str]:
    told = ((_SHORT.get(r.kind, r.kind), r.found, _SHORT.get(r.where, r.where)) for r in found.reasons)
    return [found.interest, *chain.from_iterable(told)]


def _match(pk: int, votes_then: int, *findings: list[str], papers: Mapping[int, PaperText]) -> Match:
    found = (Finding(interest, 0, tuple(_reasons(interest, told))) for interest, *told in findings)
    return Match(papers[pk], votes_then, tuple(found))


def _reasons(interest: str, told: list[str]) -> Iterator[Reason]:
    for at in range(0, len(told), 3):
        kind, found, where = told[at : at + 3]
        yield Reason(interest, _LONG.get(kind, kind), found, _LONG.get(where, where), 0)


def paper(match: Match) -> list[Any]:
    return [match.paper.pk, match.paper.votes]  # type: ignore[attr-defined]
