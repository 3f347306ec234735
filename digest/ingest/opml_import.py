"""A list of feeds becomes Sources: what is new in it, what is known, what can't be one and why."""

import datetime as dt
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from digest.ingest.opml import Outline
from digest.ingest.source_preview import preview_source, problem_with
from digest.models import Source

LONGEST_ADDRESS = 500  # characters
AT_ONCE = 8  # feeds asked at the same time
PATIENCE = 8  # seconds for one feed
PATIENCE_FOR_ALL = 25  # seconds; somebody waits before a browser


@dataclass(frozen=True)
class RefusedFeed:
    outline: Outline
    reason: str


@dataclass(frozen=True)
class ImportPlan:
    """What a list holds. `unasked`: how many of the new were not asked whether they answer, for want of time."""

    new: list[Outline] = field(default_factory=list)
    known: list[Outline] = field(default_factory=list)  # a Source already, or earlier in the same list
    refused: list[RefusedFeed] = field(default_factory=list)
    unasked: int = 0


def plan_import(outlines: Iterable[Outline]) -> ImportPlan:
    """Tell the new from the known and the impossible. Asks the database, not the network."""
    found = ImportPlan()
    seen = {_same(key) for key in Source.objects.filter(kind=Source.Kind.FEED).values_list("key", flat=True)}
    for outline in outlines:
        problem = _problem_with(outline.address)
        if problem:
            found.refused.append(RefusedFeed(outline, problem))
        elif _same(outline.address) in seen:
            found.known.append(outline)
        else:
            seen.add(_same(outline.address))
            found.new.append(outline)
    return found


def refuse_unreachable(found: ImportPlan, day: dt.date) -> ImportPlan:
    """Ask each new feed, and refuse those that can't be read now. Takes PATIENCE_FOR_ALL seconds at most."""
    pool = ThreadPoolExecutor(AT_ONCE)
    asked = [
        pool.submit(preview_source, Source.Kind.FEED, outline.address, day, patience=PATIENCE) for outline in found.new
    ]
    late = wait(asked, timeout=PATIENCE_FOR_ALL).not_done
    pool.shutdown(wait=False, cancel_futures=True)
    errors = ["" if one in late else one.result().error for one in asked]
    told = list(zip(found.new, errors, strict=True))
    return replace(
        found,
        new=[outline for outline, error in told if not error],
        refused=[*found.refused, *(RefusedFeed(outline, error) for outline, error in told if error)],
        unasked=len(late),
    )


def add_sources(outlines: Iterable[Outline], *, is_active: bool) -> list[Source]:
    """Make Sources of those that are still new. What another admin adds meanwhile stays as it is."""
    feed = Source.Kind.FEED
    rows = [
        Source(kind=feed, key=outline.address, name=outline.name, is_active=is_active)
        for outline in plan_import(outlines).new
    ]
    Source.objects.bulk_create(rows, ignore_conflicts=True)
    return list(Source.objects.filter(kind=feed, key__in=[row.key for row in rows]))


def _problem_with(address: str) -> str:
    if not address:
        return "It has no address."
    if len(address) > LONGEST_ADDRESS:
        return f"Its address is longer than {LONGEST_ADDRESS} characters."
    return problem_with(Source.Kind.FEED, address)


def _same(address: str) -> str:
    """Equal for addresses that surely name one feed: http or https, capitals in the host, a last slash."""
    try:
        parts = urlsplit(address)
    except ValueError:  # typed long ago, before addresses were looked at
        return address
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"
