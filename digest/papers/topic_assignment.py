"""Which published papers are on which topic: found once, when an edition is published, and kept for the pages.

An edition remembers by which state of the catalogue its papers were sorted. Where that is not today's (a topic was
edited, a paper's text has changed), it is sorted anew.
"""

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from digest.matching import Finding, Index
from digest.models import Edition, Paper, TopicPaper
from digest.personalization import embeddings, paper_index, profiles
from subscriptions.models import Topic


def assign_topics(edition: Edition, *, at_once: bool = False) -> int:
    """Find the topics of the edition's papers; how many were found.

    `at_once`: by what is at hand, for vectors take a while to be worked out; it stays stale, and is sorted again soon.
    """
    topics = list(Topic.objects.all())
    papers = list(edition.papers.all())
    index = paper_index.build_index(papers, for_page=at_once)
    rows = [
        _row(topic, papers[number], edition, finding)
        for topic, asked in zip(topics, profiles.of_topics(topics), strict=True)
        for number, finding in index.findings(asked).items()
    ]
    with transaction.atomic():
        TopicPaper.objects.filter(paper__in=edition.papers.all()).delete()
        TopicPaper.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
        is_settled = not at_once and not _waits_for_vectors(index, edition)
        Edition.objects.filter(pk=edition.pk).update(sorted_by=_state(topics) if is_settled else "")
    return len(rows)


def reassign_stale(*, seconds: float) -> int:
    """Sort anew what is sorted by another state of the catalogue, the newest first, for so long; how many editions."""
    deadline = time.monotonic() + seconds
    done = 0
    for edition in Edition.objects.exclude(sorted_by=_state(Topic.objects.all())).order_by("-day"):
        if time.monotonic() > deadline:
            break
        assign_topics(edition)
        done += 1
    return done


def mark_stale(papers: Iterable[Paper]) -> None:
    """The papers' texts have changed: their editions are to be sorted anew."""
    editions = {paper.edition_id for paper in papers if paper.edition_id}
    if editions:
        Edition.objects.filter(pk__in=editions).update(sorted_by="")


def _waits_for_vectors(index: Index, edition: Edition) -> bool:
    """Whether the index knows words alone, and will know more: for a long day vectors are worked out bit by bit."""
    is_recent = edition.day >= timezone.now().date() - paper_index.RECENT
    return index.day.meaning is None and embeddings.is_available() and is_recent


def _row(topic: Topic, paper: Paper, edition: Edition, finding: Finding) -> TopicPaper:
    reasons = [asdict(reason) for reason in finding.reasons]
    return TopicPaper(topic=topic, paper=paper, day=edition.day, score=finding.score, reasons=reasons)


def _state(topics: Iterable[Topic]) -> str:
    """A hash of all that decides which papers a topic finds."""
    criteria = sorted((topic.pk, topic.about, topic.phrases, topic.exclusions, topic.narrower) for topic in topics)
    return hashlib.sha256(json.dumps(criteria).encode()).hexdigest()
