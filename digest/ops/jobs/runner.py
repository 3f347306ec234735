"""The runner of jobs: `start` queues one, and a worker runs it step by step until its time is over.

At most one job runs at a time, for a few seconds, and then goes back to the end of the queue. So jobs take no more than
one process from the digests, and a single process sends digests between two turns of a job.
"""

import datetime as dt
import logging
import os
import socket
import time
import uuid
from collections.abc import Mapping
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from digest import clock
from digest.email.formatting import count
from digest.models import Job
from digest.ops import write_lock
from digest.ops.jobs import registry
from digest.ops.jobs.registry import Step
from subscriptions import audit

logger = logging.getLogger(__name__)

TASK = "digest.tasks.run_jobs"
SECONDS_OF_A_RUN = 20.0  # seconds
LEASE = dt.timedelta(minutes=2)  # a step takes seconds
RETRY_AFTER = dt.timedelta(seconds=30)
MAX_FAILURES = 3  # in a row, of the same step
MAX_DEATHS = 5  # of workers in a row at the same step; workers also die for reasons of their own
MAX_PROBLEMS = 200  # that a report lists

State = Job.State


class LostJobError(Exception):
    """Another worker continues the job, so this step must not count."""


def start(kind: str, arguments: Mapping[str, Any], *, by: str, total: int | None = None, selection: str = "") -> Job:
    """Queue a job, log who started it, and wake a worker when the transaction is committed.

    `by` is the name of a user. `total` is the number of rows, if it is known, and `selection` a sentence for
    the audit log about the list that they were selected from.
    """
    label = registry.find(kind).label
    with transaction.atomic():
        job = Job.objects.create(
            kind=kind, arguments=dict(arguments), created_by=by, created_at=clock.now(), total=total
        )
        rows = "" if total is None else f" {count(total, 'row')}."
        audit.record(by=by, action="Started the job.", target=job, detail=f"{label}.{rows} {selection}".strip())
        transaction.on_commit(wake)
    return job


def cancel(job: Job, *, by: str) -> bool:
    """End the job before its next step. What it has done stays done. Return False if it is over already."""
    with transaction.atomic():
        waiting = Job.objects.filter(pk=job.pk, state=State.QUEUED)
        ended = waiting.update(state=State.CANCELLED, cancel_requested=True, ended_at=clock.now())
        asked = ended or Job.objects.filter(pk=job.pk, state=State.RUNNING).update(cancel_requested=True)
        if asked:
            audit.record(by=by, action="Cancelled the job.", target=job, detail=f"Rows done: {job.handled:,}.")
    return bool(asked)


def resume(job: Job, *, by: str) -> bool:
    """Queue a failed or cancelled job again, from where it ended. Return False if it is not one."""
    with transaction.atomic():
        ended = Job.objects.filter(pk=job.pk, state__in=(State.FAILED, State.CANCELLED))
        afresh = {"cancel_requested": False, "failures": 0, "worker": "", "ended_at": None, "lease_until": None}
        resumed = ended.update(state=State.QUEUED, **afresh)
        if resumed:
            audit.record(by=by, action="Resumed the job.", target=job)
            transaction.on_commit(wake)
    return bool(resumed)


def wake() -> None:
    """Ask a worker to run jobs now. If the broker is down, the task of the next minute runs them."""
    try:
        current_app.send_task(TASK)
    except OperationalError:
        logger.warning("The broker can't be reached; the job waits for the next run of the task")


def run_pending(*, seconds: float = SECONDS_OF_A_RUN) -> bool:
    """Run jobs, the oldest first, for `seconds`. Return whether some are left for another turn."""
    ends_at = time.monotonic() + seconds
    worker = f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    while time.monotonic() < ends_at and (job := _claim(worker)):
        _run(job, ends_at)
    return time.monotonic() >= ends_at and _waiting().exists()


def _waiting() -> QuerySet[Job]:
    """Return the jobs that no worker holds."""
    unleased = Q(lease_until=None) | Q(lease_until__lt=Now()) | Q(lease_until__gt=_after(2 * LEASE))
    return Job.objects.filter(unleased, state__in=(State.QUEUED, State.RUNNING))


def _claim(worker: str) -> Job | None:
    """Claim the oldest waiting job, unless a worker is running another. Return None if there is none."""
    with transaction.atomic():
        if Job.objects.filter(state=State.RUNNING, lease_until__range=(Now(), _after(2 * LEASE))).exists():
            return None
        skips = connection.features.has_select_for_update_skip_locked
        job = _waiting().select_for_update(skip_locked=skips).order_by("pk").first()
        if job is None or _ended_by_deaths(job):
            return None
        job.state, job.worker, job.started_at = State.RUNNING, worker, job.started_at or clock.now()
        job.save(update_fields=["state", "worker", "started_at"])
        Job.objects.filter(pk=job.pk).update(lease_until=_after(LEASE))
    return job


def _run(job: Job, ends_at: float) -> None:
    """Run the steps of `job` until it ends, fails or is cancelled, or until `ends_at`."""
    try:
        steps = registry.find(job.kind).work(job)
        while True:
            with transaction.atomic():
                _advance(job, None if job.cancel_requested else next(steps, None))
            if job.is_over:
                return
            if time.monotonic() > ends_at:
                Job.objects.filter(pk=job.pk, worker=job.worker).update(worker="", lease_until=None)
                return
            write_lock.give_way()
    except LostJobError:
        logger.warning("Another worker continues %s", job)
    except Exception as error:
        logger.exception("A step of %s failed", job)
        _note_failure(job, error)


def _advance(job: Job, step: Step | None) -> None:
    """Store a step and renew the lease. Without a step, the job is over. Raise LostJobError if it is another's."""
    if step is None:
        job.state, job.ended_at = State.CANCELLED if job.cancel_requested else State.DONE, clock.now()
    else:
        job.done += step.done
        job.position = job.position if step.position is None else step.position
        job.report = _add(job.report, step)
    job.failures = 0
    held = Job.objects.filter(pk=job.pk, worker=job.worker, state=State.RUNNING)
    stored = ("state", "ended_at", "done", "position", "report", "failures")
    lease = {"lease_until": None} if job.is_over else {"lease_until": _after(LEASE)}
    if not held.update(**lease, **{name: getattr(job, name) for name in stored}):
        raise LostJobError
    if job.is_over:
        _log_end(job)
    else:
        job.cancel_requested = held.values_list("cancel_requested", flat=True).get()


def _add(report: dict[str, Any], step: Step) -> dict[str, Any]:
    skipped, problems = dict(report.get("skipped", {})), [*report.get("problems", []), *step.problems]
    for reason, number in step.skipped.items():
        skipped[reason] = skipped.get(reason, 0) + number
    facts = report.get("facts", {}) | dict(step.facts)
    return {"skipped": skipped, "problems": problems[:MAX_PROBLEMS], "facts": facts}


def _ended_by_deaths(job: Job) -> bool:
    """Count the death of the worker that held this job, if one did. Return whether the job has failed by it.

    A step may kill each process that runs it, for example by taking all memory.
    """
    if not job.worker:
        return False
    job.failures += 1
    job.save(update_fields=["failures"])
    if job.failures < MAX_DEATHS:
        return False
    _fail(job, f"The job failed: {MAX_DEATHS} workers died in a row while they did this step. It may need more memory.")
    job.save()
    return True


def _fail(job: Job, problem: str) -> None:
    """End the job with a reason. The caller saves it."""
    job.state, job.ended_at, job.worker, job.lease_until = State.FAILED, clock.now(), "", None
    job.report = _add(job.report, Step(problems=[problem]))
    _log_end(job)


def _note_failure(job: Job, error: Exception) -> None:
    """Let another worker try the step again later. After a few failures in a row, the job has failed."""
    held = Job.objects.filter(pk=job.pk, worker=job.worker, state=State.RUNNING)
    with transaction.atomic():
        stored = held.select_for_update().first()
        if stored is None:
            return
        stored.failures += 1
        stored.worker = ""
        if stored.failures >= MAX_FAILURES:
            _fail(stored, f"The job failed: {type(error).__name__}. The worker’s log has the details.")
        stored.save()
        Job.objects.filter(pk=job.pk).update(lease_until=_after(RETRY_AFTER))


def _log_end(job: Job) -> None:
    skipped = "".join(f" {number:,} skipped: {reason}." for reason, number in job.skipped.items())
    label = registry.label_of(job.kind)
    detail = f"{label}: {job.done:,} done.{skipped}"
    audit.record(by=job.created_by, action=f"The job is {job.get_state_display()}.", target=job, detail=detail)
    logger.info(
        "Job %s, %s, is %s: %d done, %d skipped", job.pk, job.kind, job.state, job.done, sum(job.skipped.values())
    )


def _after(wait: dt.timedelta) -> Combinable:
    return ExpressionWrapper(Now() + wait, output_field=DateTimeField())
