"""A preview of the papers that a source would list, before it is saved. Nothing is stored."""

import datetime as dt
import logging
from dataclasses import dataclass, field, replace

from django.conf import settings

from digest import sources
from digest.ingest.fetch_problems import explain
from digest.ingest.source_client import make_client
from digest.models import Source
from digest.sources.http import problem_with_host
from digest.sources.records import Batch, PaperRecord, SourceError
from digest.text.cleanup import clean, first_sentences, without_secrets

logger = logging.getLogger(__name__)

PAPERS_SHOWN = 10  # papers
TIMEOUT = 20  # seconds, because an admin waits in the browser
MAX_SENTENCE_LENGTH = 200  # characters
AUTHORS = 3  # that are named; the others are counted


@dataclass(frozen=True)
class PaperPreview:
    """One paper, as shown to an admin."""

    title: str
    authors: str
    day: dt.date | None  # None if the source doesn't say
    url: str
    sentence: str


@dataclass(frozen=True)
class SourcePreview:
    """The result of reading a source for one day. `error` is for admins, and empty if the answer could be read."""

    day: dt.date
    error: str = ""
    batch: Batch = field(default_factory=Batch)
    has_more: bool = False  # True if there may be further pages; only the first is fetched

    @property
    def items(self) -> int:
        return len(self.batch)

    @property
    def papers(self) -> int:
        return len(self.batch.records)

    @property
    def skipped(self) -> int:
        return self.batch.skipped

    @property
    def rejected(self) -> list[str]:
        return [clean(reason) for reason in self.batch.rejected]

    @property
    def first(self) -> list[PaperPreview]:
        return [_preview_paper(record) for record in self.batch.records[:PAPERS_SHOWN]]


def problem_with(kind: str, key: str) -> str:
    """Return why a source of `kind` and `key` can't work, as far as that is visible without the network; else ""."""
    if problem := sources.problem_with_key(kind, key):
        return problem
    must_be_public = kind == Source.Kind.FEED and not settings.FETCH_PRIVATE_HOSTS
    if must_be_public and (problem := problem_with_host(key)):
        return explain(problem)
    return ""


def preview_source(kind: str, key: str, day: dt.date, *, timeout: float = TIMEOUT) -> SourcePreview:
    """Fetch and parse the list of `day` from a source of `kind` and `key`. Wait `timeout` seconds at most."""
    problem = problem_with(kind, key)
    if problem:
        return SourcePreview(day, error=problem)
    try:
        return _ask(kind, key, day, timeout)
    except SourceError as error:
        return SourcePreview(day, error=clean(str(error)))
    except Exception as error:  # a bug must not lose what the admin typed into the form
        logger.exception("The preview of the source %s %s failed", kind, key)
        return SourcePreview(day, error=f"internal error, please report: {without_secrets(clean(repr(error)))}")


def _ask(kind: str, key: str, day: dt.date, timeout: float) -> SourcePreview:
    source = sources.KINDS[kind]
    http = replace(make_client(kind, source.PAUSE), deadline=timeout)
    batch: Batch = source.parse(source.fetch(http, key, day, 0), day)
    is_full = source.PAGE_SIZE is not None and len(batch) >= source.PAGE_SIZE
    return SourcePreview(day, batch=batch, has_more=is_full)


def _preview_paper(record: PaperRecord) -> PaperPreview:
    others = len(record.authors) - AUTHORS
    named = ", ".join(record.authors[:AUTHORS])
    return PaperPreview(
        title=record.title,
        authors=f"{named} and {others} more" if others > 0 else named,
        day=record.day,
        url=record.url,
        sentence=first_sentences(record.abstract, MAX_SENTENCE_LENGTH),
    )
