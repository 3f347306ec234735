"""Counts and run times of tasks, for /metrics. The signals of Celery call these functions in every worker."""

import time
from typing import Any

from celery.signals import task_postrun, task_prerun

from digest import counters

SUCCESS = "SUCCESS"  # Celery's name of that state


@task_prerun.connect
def start(task: Any, **kwargs: object) -> None:
    task.request.began = time.monotonic()


@task_postrun.connect
def count(task: Any, state: str | None = None, **kwargs: object) -> None:
    began = getattr(task.request, "began", None)
    if began is not None:
        of = counters.labels(task=task.name, result="ok" if state == SUCCESS else "failed")
        counters.add({("tasks", of): 1, ("task_seconds", of): time.monotonic() - began})
