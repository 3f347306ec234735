"""Time and memory to import a table of readers with tags and statuses by `ReaderImporter`, as the command does.

It measures SQLite, and PostgreSQL if BENCH_DATABASE_URL is the URL of an empty database.
"""

import gc
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import scratch

ROWS = 1_000_000
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "")

Figures = dict[str, Any]


def run(scale: float = 1.0) -> Figures:
    """Return the time (seconds) and the peak resident memory (MB), by database and number of rows."""
    rows = max(int(ROWS * scale), 100)
    sizes = {"sqlite": min(rows, 100_000)} | ({"postgresql": rows} if POSTGRESQL else {})
    return {
        name: {str(size): scratch.measure(f"imports.measure({size})", POSTGRESQL if name == "postgresql" else "")}
        for name, size in sizes.items()
    }


def measure(rows: int) -> Figures:
    from django.utils import timezone

    from benchmarks import readers as crowd
    from subscriptions.exchange import reader_import
    from subscriptions.exchange.reader_file import ImportSettings, open_readers
    from subscriptions.models import Topic

    crowd.make(0)
    topics = list(Topic.objects.order_by("slug").values_list("slug", flat=True)[:20])
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("email,status,tags,language,created_at,consent_date\n")
        for number in range(rows):
            status = "active" if number % 20 else "unsubscribed"
            tags = f'"{topics[number % 20]}, {topics[number // 20 % 20]}"'
            file.write(f"reader{number}@example{number % 997}.org,{status},{tags},en,2024-03-01 10:00:00,2024-03-01\n")
        file.flush()
        gc.collect()
        gc.freeze()  # as the command does
        now, began, cpu = timezone.now(), time.perf_counter(), time.process_time()
        opened = open_readers(Path(file.name), ImportSettings(consent_source="form"), now=now)
        importer = reader_import.ReaderImporter(opened, by="benchmark", now=now)
        for _ in importer.check():
            pass
        record = reader_import.begin(opened, Path(file.name), name="readers.csv", by="benchmark", now=now)
        for _ in importer.run(record):
            pass
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    record.refresh_from_db()
    if record.counts["new"] != rows - (rows + 19) // 20:
        raise RuntimeError(f"Of {rows} rows, these were imported: {record.counts}.")
    crowd.make(0)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(took, 1), "cpu_seconds": round(cpu, 1), "max_rss_mb": round(most, 1)}
