"""Search over a large archive on SQLite, and on PostgreSQL if BENCH_DATABASE_URL is set.

`python -m benchmarks.search` prints the figures: milliseconds for each search, in CPU time of this process ("cpu") and
in wall-clock time ("clock"), which includes the work of a PostgreSQL server. The queries are of all kinds that readers
write.
"""

import json
import os
import sys
from typing import Any

from benchmarks import scratch

PAPERS = 100_000
QUERIES = 200
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "")  # an empty database, which is filled


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return the times of a search over `scale` times 100,000 papers."""
    papers = max(1_000, int(PAPERS * scale) // 1_000 * 1_000)
    call = f"searches.measure({papers}, {QUERIES})"
    found: dict[str, Any] = {"papers": papers, "sqlite": scratch.measure(call)}
    if POSTGRESQL:
        found["postgresql"] = scratch.measure(call, POSTGRESQL)
    return found


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
