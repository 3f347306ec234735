"""The log of attempts to read sources: one row for each, successful or not."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from digest import counters
from digest.ingest import source_health
from digest.models import FetchRun, Source
from digest.sources.records import SourceError, StoppedError, UnchangedError, UnreachableError
from digest.text.cleanup import clean, without_secrets

logger = logging.getLogger(__name__)


@contextmanager
def record_attempt(source: Source, day: date) -> Iterator[FetchRun]:
    """Yield a row for the caller to fill in, and store it at the end. Errors are recorded in it and not raised.

    The row is not stored if the process must end.
    """
    run = FetchRun(source=source, day=day, started_at=timezone.now())
    began = time.monotonic()
    try:
        yield run
    except StoppedError:
        return  # as if the attempt had not begun: the source is read again after the next start
    except UnchangedError:
        run.status = FetchRun.Status.UNCHANGED
    except SourceError as error:
        unreachable = isinstance(error, UnreachableError)
        run.status = FetchRun.Status.UNREACHABLE if unreachable else FetchRun.Status.FAILED
        run.message = clean(str(error))  # the error may quote characters that a database or log can't take
        logger.warning("%s for %s failed: %s", source, day, run.message)
    except SoftTimeLimitExceeded as error:
        run.status, run.message = FetchRun.Status.UNREACHABLE, f"not finished within the worker's time limit: {error!r}"
    except Exception as error:  # a bug in one source must not stop the others
        run.status, run.message = FetchRun.Status.FAILED, f"internal error, please report: {error!r}"
        logger.exception("%s for %s failed", source, day)
    run.message = without_secrets(run.message)
    run.seconds = round(time.monotonic() - began, 3)
    run.save()
    _count(run)
    failing = source_health.failure_of(source)
    if failing and failing.last == run and source_health.has_just_begun(failing):
        logger.error("Source keeps failing: %s", failing)


def labels_of(source: Source) -> dict[str, str]:
    """Return the labels of a source in /metrics. Two sources may have one name."""
    return {"source": without_secrets(source.name), "id": str(source.pk)}


def _count(run: FetchRun) -> None:
    of = counters.labels(**labels_of(run.source), result=run.status)
    counters.add({("fetches", of): 1, ("fetch_seconds", of): run.seconds, ("fetched_papers", of): run.new})
