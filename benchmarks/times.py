"""What is told of many times: the median, the 95th percentile, the most."""


def milliseconds(taken: list[float], name: str) -> dict[str, float]:
    """Of `taken` (seconds), as p50_ms_…, p95_ms_… and most_ms_…"""
    ordered = sorted(taken)
    at = {"p50": len(ordered) // 2, "p95": int(len(ordered) * 0.95), "most": len(ordered) - 1}
    return {f"{which}_ms_{name}": round(ordered[place] * 1000, 1) for which, place in at.items()}
