"""Papers become an index, with the catalogue as a thesaurus and whatever vectors there are."""

import datetime as dt
import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from digest import interests, vectors
from digest.matching import Index, Interest, PaperText
from digest.matching.assembling import assemble, text_of
from digest.matching.keeping import Kept
from digest.models import Paper
from subscriptions.models import Topic

if TYPE_CHECKING:
    from digest.matching.meaning import Vectors

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200  # papers whose vectors are worked out by who needs an index now: 20 seconds
CHUNK = 20  # papers, between two looks at the clock
RECENT = dt.timedelta(days=3)


def index_of(papers: Iterable[PaperText], topics: Sequence[Interest] | None = None, *, for_page: bool = False) -> Index:
    """The index of `papers`, with `topics`, those of the `catalogue` by default, as its thesaurus.

    A page doesn't wait for vectors: what nobody worked out yet it does without.
    """
    papers = list(papers)
    topics = catalogue() if topics is None else topics
    if not vectors.is_available():
        return assemble(papers, topics)
    profiles = [topic.profile for topic in topics]
    known = vectors.known([*map(text_of, papers), *profiles])
    missing = [text for text in map(text_of, papers) if text not in known]
    if not for_page and len(missing) <= MOST_AT_ONCE:
        known |= vectors.of_texts(missing, vectors.Kind.PAPER) | vectors.of_texts(profiles, vectors.Kind.TOPIC)
    elif len(missing) > len(papers) // 2:
        level = logging.DEBUG if for_page else logging.WARNING  # a search may turn up papers of years ago
        logger.log(level, "Matching works on words alone: the vectors of %d papers are not there yet", len(missing))
        return assemble(papers, topics)
    return assemble(papers, topics, known, vectors.background(), _Asked(keep=not for_page))


def catalogue() -> list[Interest]:
    """The topics that readers can tick."""
    return interests.of_topics(Topic.objects.filter(is_offered=True))


def texts_of(papers: Iterable[PaperText], topics: Sequence[Interest]) -> tuple[str, ...]:
    """What an index of `papers` compares by meaning."""
    return (*map(text_of, papers), *(topic.profile for topic in topics))


def work_ahead(*, now: dt.datetime, seconds: float) -> int:
    """Work out the vectors of the topics and of the papers that came in lately; of how many papers.

    It stops after `seconds`, or little more: what is left over is done the next time.
    """
    if not vectors.is_available():
        return 0
    stop_at = time.monotonic() + seconds
    vectors.of_texts([topic.profile for topic in interests.of_topics(Topic.objects.all())], vectors.Kind.TOPIC)
    lately = Paper.objects.filter(first_seen_at__gte=now - RECENT).order_by("-pk").only("title", "abstract")
    texts = [text_of(paper) for paper in lately]
    known = vectors.known(texts)
    missing = [text for text in texts if text not in known]
    done = 0
    while done < len(missing) and time.monotonic() < stop_at:
        done += len(vectors.of_texts(missing[done : done + CHUNK], vectors.Kind.PAPER))
    return done


class _Asked:
    """The vectors of what readers ask, looked up or worked out when they ask; the last few thousand in memory."""

    def __init__(self, *, keep: bool) -> None:
        """`keep` them in the database as well: what a visitor tries on a page is not worth that."""
        self._keep = keep
        self._kept: Kept[str, Vectors] = Kept()

    def __call__(self, text: str) -> "Vectors | None":
        vector = self._kept.get(text)
        if vector is None:
            vector = self._kept.keep(text, vectors.of_texts([text], vectors.Kind.ASKED, keep=self._keep)[text])
        return vector
