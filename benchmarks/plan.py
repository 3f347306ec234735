"""Time and memory to plan a whole day at once, for readers in nineteen time zones and at every hour.

This is the worst case, after a day without a worker. Normally each run plans the readers of one hour. It measures
SQLite, and PostgreSQL if BENCH_DATABASE_URL is the URL of an empty database.
"""

import datetime as dt
import os
import resource
import time
from typing import Any

from benchmarks import scratch

SIZES = (10_000, 100_000, 1_000_000)
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "")
FRIDAY = dt.datetime(2040, 1, 6, 16, tzinfo=dt.UTC)  # far from everything else in the database

Figures = dict[str, Any]


def run(scale: float = 1.0) -> Figures:
    """Return the time (seconds) and the peak resident memory (MB), by database and number of readers."""
    databases = {"sqlite": ""} | ({"postgresql": POSTGRESQL} if POSTGRESQL else {})
    sizes = [max(int(size * scale), 100) for size in SIZES]
    return {
        name: {str(size): scratch.measure(f"plan.measure({size})", url) for size in sizes}
        for name, url in databases.items()
    }


def measure(readers: int) -> Figures:
    from benchmarks import readers as crowd
    from digest.delivery import planner
    from digest.models import Edition, Shard

    crowd.make(readers)
    Edition.objects.filter(day=FRIDAY.date()).delete()
    edition = Edition.objects.create(day=FRIDAY.date(), published_at=FRIDAY, closed_at=FRIDAY, send_after=FRIDAY)
    began, cpu = time.perf_counter(), time.process_time()
    planned = planner.plan_due(now=FRIDAY + dt.timedelta(hours=23, minutes=59))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    sizes = sum(Shard.objects.filter(edition=edition).values_list("size", flat=True))
    if planned != sizes or planned < readers // 2:
        raise RuntimeError(f"{planned} of {readers} readers were planned, {sizes} of them into shards.")
    _tidy(edition.pk)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(took, 2), "max_rss_mb": round(most, 1), "planned": planned, "cpu_seconds": round(cpu, 2)}


def _tidy(edition: int) -> None:
    from benchmarks import readers as crowd
    from digest.models import Edition

    crowd.make(0)
    Edition.objects.filter(pk=edition).delete()
