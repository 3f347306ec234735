"""The titles and abstracts of arXiv papers that a visitor names and this site does not have, from arXiv's API."""

import logging
from collections.abc import Sequence

from django.utils import timezone

from digest import paper_keys
from digest.models import Source, Turn
from digest.search.citation_parser import Reference
from digest.sources import arxiv, arxiv_api
from digest.sources.http import Http, stopping, user_agent
from digest.sources.records import SourceError, StoppedError

logger = logging.getLogger(__name__)

SECONDS = 5.0  # for the answer
LONGEST_WAIT = 2.0  # seconds until arXiv may be asked again, because the visitor waits
LARGEST = 5_000_000  # bytes


def find(keys: Sequence[str]) -> list[Reference]:
    """Return the papers with these keys that arXiv has. Return none if it doesn't answer in time."""
    if not keys or _seconds_until_free() > LONGEST_WAIT:
        return []
    client = Http(
        user_agent=user_agent(), limit=LARGEST, timeout=SECONDS, deadline=SECONDS,
        before=_wait_for_turn, may_leave_host=False, tries=1,
    )  # fmt: skip
    numbers = [paper_keys.arxiv_number(key) for key in keys][: arxiv_api.MAX_IDS]
    try:
        answer = arxiv_api.parse(arxiv_api.fetch(client, numbers))
    except (SourceError, StoppedError) as error:
        logger.info("arXiv's API did not describe %d papers that a visitor named: %s", len(numbers), error)
        return []
    return [Reference(paper.title, paper.key, paper.title, paper.abstract, paper.authors) for paper in answer.records]


def _seconds_until_free() -> float:
    """Return the seconds until the next request to arXiv may be made, by all workers together."""
    turn = Turn.objects.filter(name=Source.Kind.ARXIV).first()
    return (turn.free_at - timezone.now()).total_seconds() if turn else 0.0


def _wait_for_turn() -> None:
    stopping.wait(Turn.reserve(Source.Kind.ARXIV, arxiv.PAUSE))
