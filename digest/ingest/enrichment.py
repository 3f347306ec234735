"""Metadata from arXiv for papers that another source listed: categories, the authors' abstract and comment, a DOI.

It is off the critical path: an edition is published without it. If arXiv does not answer now, it is asked again an
hour later.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from django.db.models import Q

from digest import paper_keys, papers
from digest.ingest.source_client import make_client
from digest.models import Paper, Source
from digest.sources import arxiv, arxiv_api
from digest.sources.records import SourceError, UnreachableError

logger = logging.getLogger(__name__)

DAYS = 7  # after a paper was first seen
AGAIN_AFTER = dt.timedelta(hours=24)  # arXiv's answers change once a day
MAX_BATCHES = 10  # in one run


@dataclass
class EnrichmentResult:
    """Numbers of papers."""

    asked: int = 0
    changed: int = 0
    failed: int = 0  # requested without an answer


def enrich(*, now: dt.datetime) -> EnrichmentResult:
    """Fetch metadata of all papers that are due, the newest first."""
    http = make_client(Source.Kind.ARXIV, arxiv.PAUSE)
    done = EnrichmentResult()
    waiting = due(now=now)
    for start in range(0, len(waiting), arxiv_api.MAX_IDS):
        keys = waiting[start : start + arxiv_api.MAX_IDS]
        done.asked += len(keys)
        try:
            answer = arxiv_api.parse(arxiv_api.fetch(http, [paper_keys.arxiv_number(key) for key in keys]))
        except SourceError as error:
            done.failed += len(keys)
            logger.warning("Can't fetch arXiv's metadata of %d papers, will try again later: %s", len(keys), error)
            if isinstance(error, UnreachableError):
                break
            continue
        done.changed += papers.enrich(keys, answer.records, now=now)
    return done


def due(*, now: dt.datetime) -> list[str]:
    """Return the keys of the papers that need metadata, the newest first."""
    recent = Paper.objects.filter(
        key__startswith=paper_keys.ARXIV_PREFIX, categories=[], first_seen_at__gte=now - dt.timedelta(DAYS)
    )
    waiting = recent.filter(Q(enriched_at=None) | Q(enriched_at__lt=now - AGAIN_AFTER))
    listed = waiting.filter(listings__source__kind=Source.Kind.HUGGINGFACE).distinct()
    most = MAX_BATCHES * arxiv_api.MAX_IDS
    return [paper.key for paper in listed.order_by("-first_seen_at", "-pk")[:most]]
