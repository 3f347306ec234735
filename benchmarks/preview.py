"""The CPU time of a preview over the last seven editions of a hundred papers each.

`python -m benchmarks.preview` prints the figures in milliseconds: for a preview with topics that are not cached yet
("first"), for the same preview again ("again"), as when a reader types one more word, and for building the indexes,
which happens once for each process and edition.
"""

import json
import sys
from typing import Any

from benchmarks import scratch

PAPERS_A_DAY = 100
PREVIEWS = 200


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return the CPU time of a preview with `scale` times 100 papers a day."""
    papers = max(10, int(PAPERS_A_DAY * scale))
    return {"papers_a_day": papers, **scratch.measure(f"previews.measure({papers}, {PREVIEWS})")}


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
