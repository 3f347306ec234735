"""The pipeline behind the commands: fetch, publish, send. Each step returns a summary for people and programs."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from digest import clock
from digest.delivery import pauses, planner, shard_worker, shards
from digest.editions import publication
from digest.email.formatting import count
from digest.ingest import fetcher
from digest.models import Delivery, Edition, FetchRun, Installation
from digest.ops.recovery import guard

Track = Callable[[list[Any]], Iterable[Any]]
Show = Callable[[int], Callable[[int], object]]  # takes the total, returns a callback for how many more are done
OTHERS_TIMEOUT = 30  # seconds to wait for shards that other workers hold

Status = Delivery.Status


class NoEditionError(Exception):
    """There is no edition of the requested day."""


@dataclass(frozen=True)
class Summary:
    """The result of a step: one line of text, the same as data, and whether all went well."""

    line: str
    data: dict[str, Any]
    ok: bool = True


def fetch(days: list[dt.date], *, track: Track = iter) -> Summary:
    """Read every active source for `days`."""
    runs = fetcher.fetch_all(days, track=track)
    broken = [run for run in runs if run.status in (FetchRun.Status.FAILED, FetchRun.Status.UNREACHABLE)]
    unread = len(fetcher.fetch_jobs(days)) - len(runs)
    totals = {name: sum(getattr(run, name) for run in runs) for name in ("new", "changed", "unchanged", "rejected")}
    line = f"Fetched {_span(days)}: " + ", ".join(f"{number} {name}" for name, number in totals.items())
    if not runs:
        line += ". No source is switched on: do that in the admin"
    for run in broken:
        line += f". {run.source} FAILED for {run.day}: {run.message}"
    if unread:
        line += f". {count(unread, 'day')} not requested, because the source can't be reached"
    if runs and not broken:
        line += "".join(f". {remark}" for remark in dict.fromkeys(run.message for run in runs if run.message))
    data = {"days": [str(day) for day in days], **totals, "unread": unread, "failed": [_failure(run) for run in broken]}
    return Summary(_sentence(line), data, ok=bool(runs) and len(broken) < len(runs) and not unread)


def publish(day: dt.date) -> Summary:
    """Publish the edition of `day` if there are papers for it."""
    done = publication.publish(day, now=clock.now())
    data = {
        "day": str(day),
        "papers": done.papers,
        "published": done.edition is not None,
        "is_new": done.is_new,
        "reason": done.reason,
    }
    if done.edition is None:
        return Summary(_sentence(f"No edition of {day}: {done.reason}"), data)
    verb = "Published" if done.is_new else "Already published:"
    return Summary(f"{verb} the edition of {day} with {count(done.papers, 'paper')}.", data)


def send(day: dt.date, *, show: Show = lambda total: lambda ended: None) -> Summary:
    """Send the edition of `day` to every reader who has not had it, regardless of their hour. Raise NoEditionError."""
    edition = Edition.objects.filter(day=day).first()
    if edition is None:
        newest = publication.newest()
        known = f"The newest is {newest.day}." if newest else "There is none at all yet."
        raise NoEditionError(f"There is no edition of {day}. {known} Run publish_edition --date {day} first.")
    now = clock.now()
    if not guard.may_send(now=now):
        reason = Installation.load().behind_reason
        return Summary(f"Nothing was sent. {reason}", {"day": str(day), "paused": reason}, ok=False)
    if edition.closed_at is None:
        publication.publish(day, now=now)  # close it, because no papers may be added after it was sent
    rows = Delivery.objects.filter(edition=edition)
    # Plan for all readers, and try everything now: deliveries that wait for a retry, and a probe during a pause.
    planner.plan_everyone(edition, now=now)
    shards.retry_now(edition, now=now)
    pauses.request_probe(now=now)
    sent_now = shard_worker.send_due(edition=edition, progress=show(rows.filter(status=Status.QUEUED).count()))
    _wait_for_others(edition)
    counts = Counter(rows.values_list("status", flat=True))
    weekly = planner.weekly_readers_waiting(edition, now=now)
    data = {
        "day": str(day),
        "sent_now": sent_now,
        **{status: counts[status] for status in Status.values},
        "weekly_waiting": weekly,
    }
    line = f"Edition of {day}: {count(sent_now, 'digest')} sent now"
    line += "".join(f", {counts[status]} {words}" for status, words in _STATUS_WORDS.items() if counts[status])
    if weekly:
        line += f"; {count(weekly, 'weekly reader')} will get it in the weekly digest"
    unsuccessful = rows.filter(status__in=(Status.FAILED, Status.QUEUED, Status.UNCERTAIN)).exclude(reason="")
    line += "".join(
        f". {reason}" for reason in unsuccessful.order_by("reason").values_list("reason", flat=True).distinct()[:3]
    )
    pause = pauses.current()
    data["paused"] = pause.reason if pause else ""
    line += f". Sending is paused. {pause.reason}" if pause else _next_try(rows)
    return Summary(_sentence(line), data, ok=not unsuccessful.exists() and pause is None)


def _next_try(rows: QuerySet[Delivery]) -> str:
    waiting = rows.filter(status=Status.QUEUED).order_by("not_before").values_list("not_before", flat=True).first()
    return f". Next try at {waiting:%H:%M} UTC" if waiting else ""


_STATUS_WORDS = {
    Status.SENT: "sent in all",
    Status.SKIPPED: "skipped",
    Status.QUEUED: "waiting for another try",
    Status.FAILED: "failed",
    Status.UNCERTAIN: "uncertain",
}


def _wait_for_others(edition: Edition) -> None:
    """Wait for shards that a running server has taken, because their results belong in the summary."""
    deadline = time.monotonic() + OTHERS_TIMEOUT
    while time.monotonic() < deadline and edition.shards.exclude(worker="").exists():
        time.sleep(0.2)


def _span(days: list[dt.date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _failure(run: FetchRun) -> dict[str, str]:
    return {"source": str(run.source), "day": str(run.day), "reason": run.message}


def _sentence(line: str) -> str:
    line = line.replace(". . ", ". ").replace(".. ", ". ")
    return line if line.endswith((".", "!", "?")) else line + "."
