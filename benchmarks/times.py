"""CPU times of work, and a summary of many durations: the median, the 95th percentile and the maximum."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return the result of `work`, and the CPU time that it took, in seconds."""
    began = time.process_time()
    return work(), time.process_time() - began


def microseconds(seconds: float) -> float:
    return round(seconds * 1e6, 1)


def milliseconds(taken: list[float], name: str) -> dict[str, float]:
    """Return p50_ms_…, p95_ms_… and most_ms_… of `taken` (in seconds), each with the suffix `name`."""
    ordered = sorted(taken)
    at = {"p50": len(ordered) // 2, "p95": int(len(ordered) * 0.95), "most": len(ordered) - 1}
    return {f"{which}_ms_{name}": round(ordered[place] * 1000, 1) for which, place in at.items()}
