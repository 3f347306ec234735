"""A run of several benchmarks: a table during the run, a chart and JSON at the end."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import MODULES, chart

Figures = dict[str, Any]
Say = Callable[[str], object]


class Goal(NamedTuple):
    at_most: bool
    value: float

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.value:g}"

    def is_met(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value


# The promised figures at full scale.
GOALS = {
    "preview.p95_ms_first": Goal(True, 150),
    "search.sqlite.p95_ms_clock": Goal(True, 100),
    "search.postgresql.p95_ms_clock": Goal(True, 100),
    "pages.p95_ms": Goal(True, 60),
    "pages.bytes_in_all": Goal(True, 60_000),
    "matching.100.cpu_us_per_reader": Goal(True, 60),
    "matching.100.max_rss_mb": Goal(True, 400),
    "matching.1000.cpu_us_per_reader": Goal(True, 300),
    "matching.1000.max_rss_mb": Goal(True, 400),
    "learning.cpu_us_per_reader": Goal(True, 100),
    "learning.cpu_us_per_like": Goal(True, 100_000),
    "compose.cpu_us_per_digest": Goal(True, 150),
    "compose.times_plain": Goal(False, 20),
    "smtp.ratio": Goal(False, 0.8),
    "batch.cpu_us_per_recipient": Goal(True, 60),
    "admin.postgresql.most_p95_ms": Goal(True, 300),
    "admin.postgresql.most_queries": Goal(True, 15),
    "import.postgresql.1000000.seconds": Goal(True, 180),
    "import.postgresql.1000000.max_rss_mb": Goal(True, 300),
    "plan.sqlite.1000000.seconds": Goal(True, 20),
    "plan.postgresql.1000000.seconds": Goal(True, 60),
    "worker.max_rss_mb.100000": Goal(True, 250),
    "worker.max_rss_mb.1000000": Goal(True, 250),
}


def run(only: Iterable[str], scale: float, say: Say) -> tuple[Figures, list[str]]:
    """Return the figures of the benchmarks in `only`, and the names of those that failed, each with the reason."""
    figures: Figures = {}
    missing = []
    for name in only:
        try:
            figures[name] = measure(name, scale)
        except Exception as error:
            missing.append(f"{name}: {error}")
            say(f"{name:<48} not measured: {error}")
        else:
            for line in table({name: figures[name]}, scale):
                say(line)
    return figures, missing


def measure(name: str, scale: float) -> Figures:
    module = f"benchmarks.{MODULES[name]}"
    if find_spec(module) is None:
        raise LookupError(f"there is no {module.replace('.', '/')}.py yet")
    found: Figures = import_module(module).run(scale)
    return found


def table(figures: Figures, scale: float) -> Iterator[str]:
    """Yield a line for each figure, with its goal."""
    for name, value in flat(figures):
        goal = GOALS.get(name) if scale >= 1 else None
        kept = "" if goal is None else f"{goal!s:>10}  {'kept' if goal.is_met(value) else 'MISSED'}"
        yield f"{name:<48}{value:>14}{kept}".rstrip()


def flat(figures: Figures, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each figure with its full name, such as compose.times_plain."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def write(figures: Figures, scale: float, folder: Path) -> list[Path]:
    """Write `bench.json` and `bench.svg` to `folder`, and return their paths."""
    about = {"scale": scale, "python": platform.python_version(), "cpus": os.cpu_count(), "machine": platform.machine()}
    as_json, as_chart = folder / "bench.json", folder / "bench.svg"
    as_json.write_text(json.dumps({**figures, "about": about}, indent=2) + "\n")
    as_chart.write_text(chart.draw(figures))
    return [as_json, as_chart]
