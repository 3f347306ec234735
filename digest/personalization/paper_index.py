"""Build an index of papers, with the catalogue as its thesaurus and with the embeddings that exist."""

import datetime as dt
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from digest.matching import Index, Interest, PaperText
from digest.matching.assembly import assemble_index, text_of
from digest.matching.cache import BoundedCache
from digest.models import Paper
from digest.personalization import assessments, embeddings, expansions, profiles
from subscriptions.models import Topic

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

logger = logging.getLogger(__name__)

MAX_AT_ONCE = 200  # embeddings that are computed while an index is built, in about 20 seconds
CHUNK = 20  # papers between two checks of the time
# Vectors, key sentences, summaries and assessments are made for this long after a paper was first seen. The editions of
# older papers have been sent.
PREPARED_FOR = dt.timedelta(days=3)


def build_index(
    papers: Iterable[PaperText], topics: Sequence[Interest] | None = None, *, for_page: bool = False
) -> Index:
    """Return the index of `papers`. Its thesaurus is `topics`, or else the `catalogue`.

    Pages do not wait for embeddings: with `for_page` the index uses only those that are stored.
    """
    papers = list(papers)
    topics = catalogue() if topics is None else topics
    assessed, earlier = assessments.of_papers(papers), expansions.earlier_papers()
    if not embeddings.is_available():
        return assemble_index(papers, topics, assessments=assessed, earlier=earlier)
    profiles = [topic.profile for topic in topics]
    known = embeddings.known([*map(text_of, papers), *profiles])
    missing = [text for text in map(text_of, papers) if text not in known]
    if not for_page and len(missing) <= MAX_AT_ONCE:
        known |= embeddings.of_texts(missing, embeddings.Kind.PAPER) | embeddings.of_texts(
            profiles, embeddings.Kind.TOPIC
        )
        missing = []
    elif len(missing) > len(papers) // 2:
        level = logging.DEBUG if for_page else logging.WARNING  # a search may find papers of years ago
        logger.log(
            level, "Matching works on words alone: the embeddings of %d papers are not computed yet", len(missing)
        )
        return _waiting(assemble_index(papers, topics, assessments=assessed, earlier=earlier), missing)
    look_up = _QueryEmbeddings(keep=not for_page)
    index = assemble_index(papers, topics, known, embeddings.background(), look_up, assessed, earlier)
    return _waiting(index, missing)


class IndexState(NamedTuple):
    """The data that an index depends on, other than its papers, topics and their embeddings (see `Index.waiting`)."""

    background: tuple[int, ...]  # the first and the last embedding of papers in general
    archive: expansions.ArchiveState


def state() -> IndexState:
    """Return the state that an index has if it is made now, in at most three queries."""
    return IndexState(background(), expansions.state())


def background() -> tuple[int, ...]:
    """Return the first and the last embedding of papers in general, or nothing without embeddings."""
    ids = embeddings.background_ids() if embeddings.is_available() else []
    return (*ids[:1], *ids[-1:])


def _waiting(index: Index, missing: Sequence[str]) -> Index:
    index.waiting = len(missing)
    return index


def catalogue() -> list[Interest]:
    """Return the topics that readers can choose or could once, without areas: they are too broad to explain words.

    The categories of topics are left out: words that resemble a topic should not bring all papers of its category.
    """
    topics = profiles.of_topics(topic for topic in Topic.objects.known() if not topic.is_area)
    return [replace(topic, criteria=topic.criteria._replace(categories=())) for topic in topics]


def texts_of(papers: Iterable[PaperText], topics: Sequence[Interest]) -> tuple[str, ...]:
    """Return the texts that an index of `papers` compares by meaning."""
    return (*map(text_of, papers), *(topic.profile for topic in topics))


def embed_ahead(*, now: dt.datetime, seconds: float) -> int:
    """Compute the embeddings of topics and recent papers before they are needed. Return the number of papers.

    Stop after `seconds`, or a little later. The rest is done the next time.
    """
    if not embeddings.is_available():
        return 0
    stop_at = time.monotonic() + seconds
    embeddings.of_texts([topic.profile for topic in profiles.of_topics(Topic.objects.all())], embeddings.Kind.TOPIC)
    lately = Paper.objects.filter(first_seen_at__gte=now - PREPARED_FOR).order_by("-pk").only("title", "abstract")
    texts = [text_of(paper) for paper in lately]
    known = embeddings.known(texts)
    missing = [text for text in texts if text not in known]
    done = 0
    while done < len(missing) and time.monotonic() < stop_at:
        done += len(embeddings.of_texts(missing[done : done + CHUNK], embeddings.Kind.PAPER))
    return done


class _QueryEmbeddings:
    """The embeddings of readers' queries, read or computed when needed. The last few thousand stay in memory."""

    def __init__(self, *, keep: bool) -> None:
        """Store new embeddings in the database if `keep` is set. Don't set it for queries that visitors try."""
        self._keep = keep
        self._kept: BoundedCache[str, Vectors] = BoundedCache()

    def __call__(self, texts: Sequence[str]) -> "list[Vectors]":
        found = {text: vector for text in texts if (vector := self._kept.get(text)) is not None}
        if missing := [text for text in texts if text not in found]:
            found |= embeddings.of_texts(missing, embeddings.Kind.ASKED, keep=self._keep)
        return [self._kept.put(text, found[text]) for text in texts]
