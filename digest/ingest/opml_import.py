"""The import of a list of feeds as sources: which are new, which are known, and which are refused and why."""

import datetime as dt
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from digest.ingest.opml import Outline
from digest.ingest.source_preview import preview_source, problem_with
from digest.models import Source

MAX_ADDRESS_LENGTH = 500  # characters
AT_ONCE = 8  # feeds read at the same time
FEED_TIMEOUT = 8  # seconds for one feed
TOTAL_TIMEOUT = 25  # seconds, because an admin waits in the browser


@dataclass(frozen=True)
class RefusedFeed:
    outline: Outline
    reason: str


@dataclass(frozen=True)
class ImportPlan:
    """The feeds of a list, by what the import does with them."""

    new: list[Outline] = field(default_factory=list)
    known: list[Outline] = field(default_factory=list)  # a source already, or earlier in the same list
    refused: list[RefusedFeed] = field(default_factory=list)
    unasked: int = 0  # number of new feeds that were not tried, because the time ran out


def plan_import(outlines: Iterable[Outline]) -> ImportPlan:
    """Sort feeds into new, known and refused. Use the database only, not the network."""
    plan = ImportPlan()
    seen = {_identity(key) for key in Source.objects.filter(kind=Source.Kind.FEED).values_list("key", flat=True)}
    for outline in outlines:
        problem = _problem_with(outline.address)
        if problem:
            plan.refused.append(RefusedFeed(outline, problem))
        elif _identity(outline.address) in seen:
            plan.known.append(outline)
        else:
            seen.add(_identity(outline.address))
            plan.new.append(outline)
    return plan


def refuse_unreachable(plan: ImportPlan, day: dt.date) -> ImportPlan:
    """Read each new feed, and refuse those that can't be read now. Take TOTAL_TIMEOUT seconds at most."""
    pool = ThreadPoolExecutor(AT_ONCE)
    previews = [
        pool.submit(preview_source, Source.Kind.FEED, outline.address, day, timeout=FEED_TIMEOUT)
        for outline in plan.new
    ]
    late = wait(previews, timeout=TOTAL_TIMEOUT).not_done
    pool.shutdown(wait=False, cancel_futures=True)
    errors = ["" if preview in late else preview.result().error for preview in previews]
    results = list(zip(plan.new, errors, strict=True))
    return replace(
        plan,
        new=[outline for outline, error in results if not error],
        refused=[*plan.refused, *(RefusedFeed(outline, error) for outline, error in results if error)],
        unasked=len(late),
    )


def add_sources(outlines: Iterable[Outline], *, is_active: bool) -> list[Source]:
    """Create sources for the feeds that are still new. Sources that another admin adds meanwhile are not changed."""
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
    if len(address) > MAX_ADDRESS_LENGTH:
        return f"Its address is longer than {MAX_ADDRESS_LENGTH} characters."
    return problem_with(Source.Kind.FEED, address)


def _identity(address: str) -> str:
    """Return a text that is equal for addresses of one feed, ignoring http or https, host case and the last slash."""
    try:
        parts = urlsplit(address)
    except ValueError:  # stored before addresses were validated
        return address
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"
