"""Papers become an index, with the catalogue as a thesaurus and whatever vectors there are."""

import datetime as dt
import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from digest.matching import Index, Interest, PaperText
from digest.matching.assembly import assemble_index, text_of
from digest.matching.cache import BoundedCache
from digest.models import Paper
from digest.personalization import embeddings, profiles
from subscriptions.models import Topic

if TYPE_CHECKING:
    from digest.matching.similarity import Vectors

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200  # papers whose vectors are worked out by who needs an index now: 20 seconds
CHUNK = 20  # papers, between two looks at the clock
RECENT = dt.timedelta(days=3)


def build_index(
    papers: Iterable[PaperText], topics: Sequence[Interest] | None = None, *, for_page: bool = False
) -> Index:
    """The index of `papers`, with `topics`, those of the `catalogue` by default, as its thesaurus.

    A page doesn't wait for vectors: what nobody worked out yet it does without.
    """
    papers = list(papers)
    topics = catalogue() if topics is None else topics
    if not embeddings.is_available():
        return assemble_index(papers, topics)
    profiles = [topic.profile for topic in topics]
    known = embeddings.known([*map(text_of, papers), *profiles])
    missing = [text for text in map(text_of, papers) if text not in known]
    if not for_page and len(missing) <= MOST_AT_ONCE:
        known |= embeddings.of_texts(missing, embeddings.Kind.PAPER) | embeddings.of_texts(
            profiles, embeddings.Kind.TOPIC
        )
    elif len(missing) > len(papers) // 2:
        level = logging.DEBUG if for_page else logging.WARNING  # a search may turn up papers of years ago
        logger.log(level, "Matching works on words alone: the vectors of %d papers are not there yet", len(missing))
        return assemble_index(papers, topics)
    return assemble_index(papers, topics, known, embeddings.background(), _QueryEmbeddings(keep=not for_page))


def catalogue() -> list[Interest]:
    """The topics that readers can tick."""
    return profiles.of_topics(Topic.objects.filter(is_offered=True))


def texts_of(papers: Iterable[PaperText], topics: Sequence[Interest]) -> tuple[str, ...]:
    """What an index of `papers` compares by meaning."""
    return (*map(text_of, papers), *(topic.profile for topic in topics))


def embed_ahead(*, now: dt.datetime, seconds: float) -> int:
    """Work out the vectors of the topics and of the papers that came in lately; of how many papers.

    It stops after `seconds`, or little more: what is left over is done the next time.
    """
    if not embeddings.is_available():
        return 0
    stop_at = time.monotonic() + seconds
    embeddings.of_texts([topic.profile for topic in profiles.of_topics(Topic.objects.all())], embeddings.Kind.TOPIC)
    lately = Paper.objects.filter(first_seen_at__gte=now - RECENT).order_by("-pk").only("title", "abstract")
    texts = [text_of(paper) for paper in lately]
    known = embeddings.known(texts)
    missing = [text for text in texts if text not in known]
    done = 0
    while done < len(missing) and time.monotonic() < stop_at:
        done += len(embeddings.of_texts(missing[done : done + CHUNK], embeddings.Kind.PAPER))
    return done


class _QueryEmbeddings:
    """The vectors of what readers ask, looked up or worked out when they ask; the last few thousand in memory."""

    def __init__(self, *, keep: bool) -> None:
        """`keep` them in the database as well: what a visitor tries on a page is not worth that."""
        self._keep = keep
        self._kept: BoundedCache[str, Vectors] = BoundedCache()

    def __call__(self, text: str) -> "Vectors | None":
        vector = self._kept.get(text)
        if vector is None:
            vector = self._kept.keep(text, embeddings.of_texts([text], embeddings.Kind.ASKED, keep=self._keep)[text])
        return vector
