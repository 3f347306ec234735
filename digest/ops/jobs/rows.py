"""Actions on many rows: the same function does a few rows at once, and many in a job."""

import logging
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import KW_ONLY, dataclass
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Model, QuerySet

from digest.models import Job
from digest.ops.jobs import packed_ids, registry, runner
from digest.ops.jobs.registry import Step
from subscriptions import audit

logger = logging.getLogger(__name__)

AT_ONCE = 50  # rows that a request may do itself
BATCH = 100  # rows in a step
STEP_SECONDS = 1.0  # after which a step ends, so that other writers never wait long
GONE = "no longer there"


@dataclass(frozen=True)
class RowAction:
    """An action on rows of one model.

    `act` does it to one row, on behalf of a user with the given name. It returns why it left the row as it is, or an
    empty string. If it raises an error, that row alone is undone.
    """

    kind: str
    label: str
    rows: Callable[[], QuerySet[Any]]
    act: Callable[[Any, str], str]
    logged: str  # the entry in the audit log of each row
    flag: int = audit.ACTION
    _: KW_ONLY
    permission: str

    def register(self) -> "RowAction":
        """Register the action as a kind of job."""
        registry.job(self.kind, label=self.label, permission=self.permission)(lambda job: steps(self, job))
        return self


def start(action: RowAction, pks: Iterable[int], *, by: str, selection: str = "") -> Job:
    """Start the action as a job for the rows with these ids. `selection` is as in `runner.start`."""
    chosen = list(pks)
    packed = {"rows": packed_ids.pack(chosen)}
    return runner.start(action.kind, packed, by=by, total=len(chosen), selection=selection)


def run_now(action: RowAction, pks: Iterable[int], *, by: str) -> Step:
    """Do the action to the rows with these ids, in one transaction. Return how many were done and skipped."""
    with transaction.atomic():
        return _run(action, list(pks), by, seconds=float("inf"))[0]


def steps(action: RowAction, job: Job) -> Iterator[Step]:
    """Yield the steps of a job that was started by `start`."""
    pks = packed_ids.unpack(job.arguments["rows"])
    at = bisect_right(pks, job.position or 0)
    while at < len(pks):
        step, number = _run(action, pks[at : at + BATCH], job.created_by, seconds=STEP_SECONDS)
        at += number
        yield step


def _run(action: RowAction, pks: list[int], by: str, *, seconds: float) -> tuple[Step, int]:
    """Do the first of these rows, for `seconds`. Return the step, and how many it is about."""
    ends_at, found = time.monotonic() + seconds, action.rows().in_bulk(pks)
    done: list[Model] = []
    skipped, problems, number = Counter[str](), list[str](), 0
    for pk in pks:
        if number and time.monotonic() > ends_at:
            break
        number += 1
        reason = _act(action, found[pk], by, problems) if pk in found else GONE
        if reason:
            skipped[reason] += 1
        else:
            done.append(found[pk])
    audit.record_rows(by=by, rows=done, message=action.logged, flag=action.flag)
    position = pks[number - 1] if number else None
    return Step(len(done), position, skipped, problems), number


def _act(action: RowAction, row: Model, by: str, problems: list[str]) -> str:
    """Do one row, undone if it fails. Return why it was skipped, or an empty string."""
    try:
        with transaction.atomic():
            return action.act(copy(row), by)  # a copy, because the log needs the id of a row that is deleted
    except OperationalError:
        raise  # the database is gone or busy, which is no fault of the row
    except Exception as error:
        logger.exception("%s failed for %s", action.label, audit.name_of(row))
        problems.append(f"{audit.name_of(row)}: {type(error).__name__}. The log has the details.")
    return "failed"
