"""Each attempt to read a source leaves a row, whatever comes of it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from digest.ingest import source_health
from digest.models import FetchRun, Source
from digest.sources.records import SourceError, StoppedError, UnchangedError, UnreachableError
from digest.text.cleanup import clean, without_secrets

logger = logging.getLogger(__name__)


@contextmanager
def record_attempt(source: Source, day: date) -> Iterator[FetchRun]:
    """The row, to be filled in by the caller. What goes wrong meanwhile is written into it and goes no further.

    It is not stored when the process is to end.
    """
    run = FetchRun(source=source, day=day, started_at=timezone.now())
    began = time.monotonic()
    try:
        yield run
    except StoppedError:
        return  # as if it had not begun: the next start reads the source anyway
    except UnchangedError:
        run.status = FetchRun.Status.UNCHANGED
    except SourceError as error:
        unreachable = isinstance(error, UnreachableError)
        run.status = FetchRun.Status.UNREACHABLE if unreachable else FetchRun.Status.FAILED
        run.message = clean(str(error))  # it may quote what no database takes, and no log
        logger.warning("%s for %s failed: %s", source, day, run.message)
    except SoftTimeLimitExceeded as error:
        run.status, run.message = FetchRun.Status.UNREACHABLE, f"not finished when the worker's time was up: {error!r}"
    except Exception as error:  # a fault of ours in one source must not keep the others from arriving
        run.status, run.message = FetchRun.Status.FAILED, f"internal error, please report: {error!r}"
        logger.exception("%s for %s failed", source, day)
    run.message = without_secrets(run.message)
    run.seconds = round(time.monotonic() - began, 3)
    run.save()
    trouble = source_health.failure_of(source)
    if trouble and trouble.last == run and source_health.has_just_begun(trouble):
        logger.error("In trouble: %s", trouble)
