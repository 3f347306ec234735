"""The search over a large archive, on SQLite and, where it can be reached, on PostgreSQL.

`python -m benchmarks.searching` prints the figures. Times are of the CPU of this process, and for PostgreSQL, whose
work is done elsewhere, also by the clock; the queries are a reader's: names, quotes, exclusions, authors, sentences.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAPERS = 100_000
QUERIES = 200
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "")  # of an empty database that may be filled


def run(scale: float = 1.0) -> dict[str, Any]:
    """How quick a search is over `scale` times 100,000 papers."""
    papers = max(1_000, int(PAPERS * scale) // 1_000 * 1_000)
    with tempfile.TemporaryDirectory() as folder:
        found = {"papers": papers, "sqlite": _measure(f"sqlite:///{folder}/db.sqlite3", folder, papers)}
        if POSTGRESQL:
            found["postgresql"] = _measure(POSTGRESQL, folder, papers)
    return found


def _measure(database: str, folder: str, papers: int) -> dict[str, float]:
    """In a process of its own, whose settings name the database."""
    environment = os.environ | {
        "VAR_DIR": folder, "DATABASE_URL": database, "DEBUG": "0", "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    for command in (["migrate", "-v0"], ["load_topics"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
        )
    ask = f"import django; django.setup(); from benchmarks import searches; searches.measure({papers}, {QUERIES})"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
