"""The memory of a worker that sends, with a hundred thousand and with a million readers in the queue.

The worker composes emails and sends them to smtp-sink for a while, in a process of its own and with SQLite.
"""

import datetime as dt
import os
import subprocess
import sys
from typing import Any

from benchmarks import scratch, sink

SIZES = (100_000, 1_000_000)
SECONDS = 40
PAPERS = 40

# Read VmHWM instead of ru_maxrss, because ru_maxrss includes the memory of the parent process before exec.
CODE = """
import django, re
django.setup()
from digest.delivery import shard_worker
sent = shard_worker.send_due(seconds={seconds})
print(sent, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return the peak resident memory (MB) and the emails sent, by the number of readers in the queue."""
    sink.tool("smtp-sink")
    seconds = max(int(SECONDS * min(scale, 1)), 5)
    sizes = [max(int(size * scale), 1_000) for size in SIZES]
    found = {str(size): scratch.measure(f"worker.measure({size}, {seconds})") for size in sizes}
    return {
        "max_rss_mb": {size: figures["max_rss_mb"] for size, figures in found.items()},
        "mails": {size: figures["mails"] for size, figures in found.items()},
    }


def measure(readers: int, seconds: int) -> dict[str, Any]:
    from benchmarks import day
    from benchmarks import readers as crowd
    from digest.delivery import planner
    from digest.personalization import paper_index

    now = dt.datetime.now(dt.UTC)
    edition = day.make_edition(PAPERS, now)
    paper_index.embed_ahead(now=now, seconds=300)  # a scheduled task does this earlier
    crowd.make(readers, topics=3)
    planner.plan_everyone(edition, now=now)
    with sink.running() as port:
        environment = os.environ | {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "EMAIL_BACKEND": ""}
        command = [sys.executable, "-c", CODE.format(seconds=seconds)]
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return {"mails": int(told[0]), "max_rss_mb": round(float(told[1]), 1)}
