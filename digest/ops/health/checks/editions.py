"""Checks of sources and editions."""

import datetime as dt
from collections.abc import Iterator

from digest.editions import publication
from digest.editions.due_times import is_weekday
from digest.ingest import source_health
from digest.models import Edition, QuietDay
from digest.ops.health.problems import HealthProblem
from digest.ops.health.snapshot import Snapshot

LATE_AFTER = dt.timedelta(minutes=30)  # an edition is published within five minutes of its hour
MAX_SOURCES = 10


def edition_is_late(site: Snapshot) -> Iterator[HealthProblem]:
    """Yield a problem if the edition that is due was not published, and no reason for a quiet day is known."""
    day = publication.due_day(site.now)
    is_early = site.now < publication.hour_of(day) + LATE_AFTER
    if is_early or not is_weekday(day):
        return
    latest = dict(Edition.objects.filter(day__lte=day).order_by("-day").values_list("day", "closed_at")[:2])
    is_published, is_new_site = latest.get(day) is not None, not latest.keys() - {day}
    if is_published or is_new_site:
        return
    quiet = QuietDay.objects.filter(day=day).first()
    if quiet is not None and quiet.cause != QuietDay.Cause.TROUBLE:
        return
    reason = quiet.reason if quiet else "The task that publishes it did not run: check beat, the workers and its log."
    path = "/admin/digest/fetchrun/" if quiet else "/admin/doctor/"
    yield HealthProblem(
        "edition", f"The edition of {day} was not published", f"{reason} It is tried every five minutes.", path
    )


def sources_fail(site: Snapshot) -> Iterator[HealthProblem]:
    sources = source_health.failing_sources()
    if len(sources) > MAX_SOURCES:
        names = ", ".join(str(failing.source) for failing in sources[:MAX_SOURCES])
        text = f"{names} and others. Check this machine's network first."
        yield HealthProblem("source:many", "Many sources keep failing", text, "/admin/digest/fetchrun/")
        return
    for failing in sources:
        path = f"/admin/digest/source/{failing.source.pk}/change/"
        text = f"{failing.summary} Missed days are read when it answers again."
        yield HealthProblem(f"source:{failing.source.pk}", f"{failing.source} keeps failing", text, path)
