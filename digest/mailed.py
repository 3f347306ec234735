"""What a digest held, as it is kept in its delivery's row: small, and enough to show that very digest again. Pure.

    {"for_you": [[paper id, votes then, finding, …], …], "trending": [[paper id, votes then], …], "more": 14, "of": 40}

A finding is the interest's name, then kind, what was found, and where, for each of its reasons that the mail tells.
"""

from itertools import chain
from typing import Any

from digest.composing import Digest
from digest.matching import Finding, Match

TOLD = 3  # findings of a paper, and reasons of a finding, that a mail tells

Record = dict[str, Any]


def record(digest: Digest) -> Record:
    return {
        "for_you": [[*_paper(match), *(finding(found) for found in match.findings[:TOLD])] for match in digest.for_you],
        "trending": [_paper(match) for match in digest.trending],
        "more": digest.more,
        "of": digest.of_how_many,
    }


def finding(found: Finding) -> list[str]:
    told = ((reason.kind, reason.found, reason.where) for reason in found.reasons[:TOLD])
    return [found.interest, *chain.from_iterable(told)]


def _paper(match: Match) -> list[Any]:
    return [match.paper.pk, match.paper.votes]  # type: ignore[attr-defined]
