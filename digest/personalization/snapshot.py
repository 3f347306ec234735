"""A small record of a digest's content, stored in its delivery's row, to show the digest again. Pure.

    {"for_you": [[paper id, votes then, finding, …], …], "trending": [[paper id, votes then], …], "more": 14, "of": 40,
     "frequency": "daily", "language": "en", "grouped": true}

A finding is the interest's name, followed by kind, found text and field of each of its reasons. If the reader typed
it differently, [text, what the reader typed] is in place of the text.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from digest.matching import Finding, Match, PaperText, Reason
from digest.personalization.digest_selection import Digest, is_by_interest
from digest.personalization.like_filter import FORMER_LABEL, LIKES

MAX_FINDINGS = 30  # of one paper in an email; readers' filters make fewer
# Short forms of the words that nearly every reason contains.
_SHORT = {"phrase": "p", "author": "by", "category": "in", "title": "t", "abstract": "a", "keywords": "k"}
_LONG = {short: long for long, short in _SHORT.items()}

Record = dict[str, Any]


def record(digest: Digest, frequency: str, language: str) -> Record:
    """Return the record of `digest`."""
    return record_from_parts([record_match(match) for match in digest.matches], digest, frequency, language)


def record_from_parts(papers: Sequence[list[Any]], digest: Digest, frequency: str, language: str) -> Record:
    """Return the record of `digest`. `papers` are the results of `record_match`, in the digest's order."""
    for_you = len(digest.for_you)
    return {
        "for_you": papers[:for_you],
        "trending": [paper[:2] for paper in papers[for_you:]],
        "more": digest.more,
        "of": digest.of_how_many,
        "frequency": frequency,
        "language": language,
        "grouped": digest.is_grouped,
    }


def record_match(match: Match) -> list[Any]:
    return [*record_paper(match), *map(record_finding, shown(match.findings))]


def shown(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return the findings that an email shows: all, or the strongest of very many."""
    return findings[:MAX_FINDINGS]


def restore(record: Record, day: dt.date, papers: Mapping[int, PaperText]) -> Digest:
    """Return the digest that `record` was made from, without those of its papers that are not in `papers` (by id)."""
    return Digest(
        day=day,
        for_you=tuple(_match(*entry, papers=papers) for entry in record["for_you"] if entry[0] in papers),
        trending=tuple(_match(*entry, papers=papers) for entry in record["trending"] if entry[0] in papers),
        more=record["more"],
        of_how_many=record["of"],
        is_grouped=record.get("grouped", False),  # older records do not have it
    )


def findings(record: Record, pk: int) -> tuple[Finding, ...]:
    """Return the findings recorded for one paper: none if it was a trending one."""
    stored: list[list[Any]] = next((entry[2:] for entry in record["for_you"] if entry[0] == pk), [])
    return _restored(stored)


def is_by_votes(record: Record, pk: int) -> bool:
    """Return whether only its votes brought the paper into the digest."""
    if any(entry[0] == pk for entry in record["trending"]):
        return True
    found = findings(record, pk)
    return bool(found) and not is_by_interest(found)


def votes(record: Record) -> dict[int, int]:
    """Return the ids of the papers in the record, with the votes that they had then."""
    return {entry[0]: entry[1] for entry in (*record["for_you"], *record["trending"])}


def record_finding(finding: Finding) -> list[Any]:
    reasons = ((_SHORT.get(r.kind, r.kind), _found(r), _SHORT.get(r.where, r.where)) for r in finding.reasons)
    return [finding.interest, *chain.from_iterable(reasons)]


def _found(reason: Reason) -> str | tuple[str, ...]:
    return reason.found if reason.asked in ("", reason.found) else (reason.found, reason.asked)


def _match(pk: int, votes_then: int, *findings: list[Any], papers: Mapping[int, PaperText]) -> Match:
    return Match(papers[pk], votes_then, _restored(findings))


def _restored(findings: Iterable[list[Any]]) -> tuple[Finding, ...]:
    named = ((LIKES if name == FORMER_LABEL else name, words) for name, *words in findings)
    return tuple(Finding(interest, 0, tuple(_reasons(interest, words))) for interest, words in named)


def _reasons(interest: str, words: list[Any]) -> Iterator[Reason]:
    for start in range(0, len(words), 3):
        kind, found, where = words[start : start + 3]
        text, asked = (found, "") if isinstance(found, str) else found
        yield Reason(interest, _LONG.get(kind, kind), text, _LONG.get(where, where), 0, asked)


def record_paper(match: Match) -> list[Any]:
    return [match.paper.pk, match.paper.votes]  # type: ignore[attr-defined]
