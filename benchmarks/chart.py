"""A bar chart of the figures as SVG, with a comparison next to each of ours."""

from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

WIDTH, NAMES, NUMBERS = 760, 250, 130  # pixels: total width, names on the left, numbers on the right
BAR, GAP, GROUP = 20, 6, 44
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #211f1b; } .title { font-weight: 600; }
.ours { fill: #0f5f63; } .other { fill: #b9b09d; } .back { fill: #fefefd; }
@media (prefers-color-scheme: dark) {
  text { fill: #ebe7de; } .ours { fill: #74c5c0; } .other { fill: #6b6558; } .back { fill: #211f1c; }
}
"""


class Measurement(NamedTuple):
    name: str
    value: float
    is_ours: bool = True


class MeasurementGroup(NamedTuple):
    title: str
    unit: str
    bars: list[Measurement]


def draw(figures: dict[str, Any]) -> str:
    """Return the chart of `figures` as SVG. Benchmarks that were not measured are left out."""
    y, parts = 12.0, []
    for group in groups(figures):
        parts.append(f'<text class="title" x="12" y="{y + 16:g}">{escape(group.title)}</text>')
        y += GROUP - BAR
        longest = max(bar.value for bar in group.bars) or 1
        for bar in group.bars:
            parts += _bar(bar, group.unit, longest, y)
            y += BAR + GAP
        y += GROUP - BAR
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" width="{WIDTH}" role="img">'
        f"<title>Measured by make bench</title><style>{STYLE}</style>"
        f'<rect class="back" width="100%" height="100%"/>{"".join(parts)}</svg>\n'
    )


def groups(figures: dict[str, Any]) -> Iterator[MeasurementGroup]:
    """Yield the groups of bars for the benchmarks that were measured."""
    if compose := figures.get("compose"):
        ours = Measurement("composed in a batch", compose["cpu_us_per_digest"])
        plain = Measurement("composed one by one", compose["plain_cpu_us_per_digest"], False)
        yield MeasurementGroup("CPU for a digest", "µs", [ours, plain])
    if smtp := figures.get("smtp"):
        other = Measurement("Postfix’s smtp-source", smtp["smtp_source_rate"], False)
        yield MeasurementGroup(
            "Emails a second by SMTP", "", [Measurement("ours, with its journal", smtp["rate"]), other]
        )
    for database, planned in figures.get("plan", {}).items():
        bars = [Measurement(f"{int(readers):,} readers", one["seconds"]) for readers, one in planned.items()]
        yield MeasurementGroup(f"Planning on {database}", "s", bars)
    if memory := figures.get("worker", {}).get("max_rss_mb"):
        yield MeasurementGroup(
            "A worker’s memory", "MB", [Measurement(f"{int(n):,} readers", value) for n, value in memory.items()]
        )


def _bar(bar: Measurement, unit: str, longest: float, y: float) -> Iterator[str]:
    room = WIDTH - NAMES - NUMBERS
    kind = "ours" if bar.is_ours else "other"
    width = max(1.0, room * bar.value / longest)
    yield f'<text x="{NAMES - 10}" y="{y + 15:g}" text-anchor="end">{escape(bar.name)}</text>'
    yield f'<rect class="{kind}" x="{NAMES}" y="{y:g}" width="{width:.1f}" height="{BAR}" rx="3"/>'
    yield f'<text x="{NAMES + width + 8:.1f}" y="{y + 15:g}">{bar.value:,.4g} {unit}</text>'.replace(" </", "</")
