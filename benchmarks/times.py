"""A summary of many durations: the median, the 95th percentile and the maximum."""


def milliseconds(taken: list[float], name: str) -> dict[str, float]:
    """Return p50_ms_…, p95_ms_… and most_ms_… of `taken` (in seconds), each with the suffix `name`."""
    ordered = sorted(taken)
    at = {"p50": len(ordered) // 2, "p95": int(len(ordered) * 0.95), "most": len(ordered) - 1}
    return {f"{which}_ms_{name}": round(ordered[place] * 1000, 1) for which, place in at.items()}
