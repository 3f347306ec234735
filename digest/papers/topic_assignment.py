"""Find the topics of published papers, once when an edition is published, and store them for the pages.

An edition stores a hash of the catalogue (`catalogue_hash`). If that is not the current one, because a topic or a
paper's text has changed, its topics are assigned again.
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
    """Find and store the topics of the edition's papers. Return how many were found.

    With `at_once` it uses only embeddings that exist, because new ones take a while. The edition then stays stale, and
    is done again soon.
    """
    topics = list(Topic.objects.all())
    papers = list(edition.papers.all())
    index = paper_index.build_index(papers, for_page=at_once)
    rows = [
        _row(topic, papers[number], edition, finding)
        for topic, interest in zip(topics, profiles.of_topics(topics), strict=True)
        for number, finding in index.findings(interest).items()
    ]
    with transaction.atomic():
        TopicPaper.objects.filter(paper__in=edition.papers.all()).delete()
        TopicPaper.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
        is_current = not at_once and not _waits_for_vectors(index, edition)
        Edition.objects.filter(pk=edition.pk).update(catalogue_hash=_state(topics) if is_current else "")
    return len(rows)


def reassign_stale(*, seconds: float) -> int:
    """Assign topics again to stale editions, the newest first, for this many seconds. Return the number of editions."""
    deadline = time.monotonic() + seconds
    done = 0
    for edition in Edition.objects.exclude(catalogue_hash=_state(Topic.objects.all())).order_by("-day"):
        if time.monotonic() > deadline:
            break
        assign_topics(edition)
        done += 1
    return done


def mark_stale(papers: Iterable[Paper]) -> None:
    """Mark the editions of `papers` as stale, because the papers' texts have changed."""
    editions = {paper.edition_id for paper in papers if paper.edition_id}
    if editions:
        Edition.objects.filter(pk__in=editions).update(catalogue_hash="")


def _waits_for_vectors(index: Index, edition: Edition) -> bool:
    """Return whether the index has no embeddings yet, but will have them: on a long day they are made bit by bit."""
    is_recent = edition.day >= timezone.now().date() - paper_index.PREPARED_FOR
    return index.corpus.embedding_space is None and embeddings.is_available() and is_recent


def _row(topic: Topic, paper: Paper, edition: Edition, finding: Finding) -> TopicPaper:
    reasons = [asdict(reason) for reason in finding.reasons]
    return TopicPaper(topic=topic, paper=paper, day=edition.day, score=finding.score, reasons=reasons)


def _learned(topic: Topic) -> str:
    return hashlib.sha256(topic.vector).hexdigest() if topic.vector else ""


def _state(topics: Iterable[Topic]) -> str:
    """Return a hash of everything that decides which papers a topic finds."""
    criteria = sorted(
        (topic.pk, topic.about, topic.phrases, topic.exclusions, topic.categories, topic.narrower, _learned(topic))
        for topic in topics
    )
    return hashlib.sha256(json.dumps(criteria).encode()).hexdigest()
