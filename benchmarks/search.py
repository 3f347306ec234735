"""The search over a large archive, on SQLite and, where it can be reached, on PostgreSQL.

`python -m benchmarks.search` prints the figures: milliseconds a search, of this process's CPU and by the clock,
which for PostgreSQL holds the server's work too. The queries are of all kinds that readers write.
"""

import json
import os
import sys
from typing import Any

from benchmarks import scratch

PAPERS = 100_000
QUERIES = 200
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "")  # of an empty database that may be filled


def run(scale: float = 1.0) -> dict[str, Any]:
    """How quick a search is over `scale` times 100,000 papers."""
    papers = max(1_000, int(PAPERS * scale) // 1_000 * 1_000)
    call = f"searches.measure({papers}, {QUERIES})"
    found: dict[str, Any] = {"papers": papers, "sqlite": scratch.measure(call)}
    if POSTGRESQL:
        found["postgresql"] = scratch.measure(call, POSTGRESQL)
    return found


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
