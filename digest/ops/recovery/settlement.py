"""The end of the pause after a restore: an operator decides about emails that the restored database does not know."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import transaction

from digest.delivery import events, high_water, pauses, recovery, sent_before, sent_log, shard_worker
from digest.delivery.high_water import HighWaterMark
from digest.delivery.planner import WINDOW
from digest.models import Delivery, Edition, Installation, SentBefore, Shard
from digest.models.installations import ONLY

BATCH = 5_000  # rows
KEPT = dt.timedelta(days=14)  # longer than the planner's window

Status = Delivery.Status


class IncompleteLogError(Exception):
    """The logs at hand don't say who had a digest. The message says what to do."""


@dataclass
class Settlement:
    """The numbers of digests by what was decided about them."""

    had: int = 0  # recorded as sent
    maybe: int = 0  # uncertain: they may have arrived
    counted: int = 0  # counted as sent, without a record
    missing: int = 0  # still to be sent
    later: int = 0  # in the logs only; the planner will insert them again and record them then

    def __str__(self) -> str:
        text = (
            f"{self.had} digests recorded as sent by the logs, {self.maybe} uncertain, {self.counted} counted as sent, "
            f"{self.missing} waiting to be sent."
        )
        if self.later:
            text += f" The logs know {self.later} more that the database has forgotten: they are not sent again."
        return text


def count_as_sent(until: dt.datetime | None, *, now: dt.datetime, logs: Sequence[Path] = ()) -> Settlement:
    """Count every digest that was due until `until` as sent, and resume. By default, until the mark's last email.

    It includes editions that the database has forgotten and publishes again. Raise IncompleteLogError without a time.
    """
    row = Installation.load()
    mark = high_water.read(row.incarnation)
    if until is None and mark is None:
        raise IncompleteLogError(
            "It is not known when the last email left. Give the time, such as --until 2026-08-20T09:30."
        )
    until = until or (mark.moment if mark else now)
    done = _apply_what_is_known(row, logs, now)
    with transaction.atomic():
        due = Delivery.objects.filter(status=Status.QUEUED, queued_at__lte=until)
        done.counted = due.update(status=Status.SKIPPED, reason=sent_before.COUNTED_REASON)
        through = dt.date.fromisoformat(mark.day) if mark and mark.day else None
        _resume(row, mark, now, counted_until=until, counted_through=through)
    done.missing = Delivery.objects.filter(status=Status.QUEUED).count()
    return done


def send_missing(*, now: dt.datetime, logs: Sequence[Path] = (), are_complete: bool = False) -> Settlement:
    """Record who had a digest by the logs of all machines, and resume, so that all others get theirs.

    Digests that may have arrived become uncertain, and are not sent. Raise IncompleteLogError if a log is missing.
    """
    row = Installation.load()
    mark = high_water.read(row.incarnation)
    _require_logs(row, logs, are_complete=are_complete)
    done = _apply_what_is_known(row, logs, now)
    with transaction.atomic():
        # The logs know more than what was announced when the backup was made.
        Shard.objects.filter(done_at=None).exclude(worker="").update(worker="", lease_until=None, announced=0)
        _resume(row, mark, now, counted_until=None, counted_through=None)
    done.missing = Delivery.objects.filter(status=Status.QUEUED).count()
    return done


def delete_old(*, now: dt.datetime) -> None:
    """Delete logs of editions that no reader gets anymore."""
    before = now.date() - KEPT
    sent_log.delete_old(before=before)
    sent_before.delete_old(before=before)


def describe(done: Settlement) -> str:
    """Return the result in words, and whether sending goes on: a pause for another reason has not ended."""
    pause = pauses.current()
    state = f"Sending stays paused ({pause.reason.rstrip('.')}). End that with manage.py resume." if pause else ""
    return f"{state or 'Sending is not paused.'} {done}"


def _require_logs(row: Installation, logs: Sequence[Path], *, are_complete: bool) -> None:
    home = high_water.folder(row.incarnation)
    if are_complete:
        return
    if high_water.read_file(row.incarnation) is None and not logs:
        raise IncompleteLogError(
            f"{home} does not tell which emails left since the backup. Copy the folder recovery from the VAR_DIR of "
            "the machine that sent, or use count_as_sent. If no email left since, use --logs-are-complete."
        )
    others = high_water.other_machines(row.incarnation)
    if others is not None and len(others) <= len(logs):
        return
    names = f" by {', '.join(sorted(others.values()))}" if others else ""
    raise IncompleteLogError(
        f"Emails were also sent{names} or may have been, and their log is not here. Copy {home / 'sent'} from each "
        "such machine and name the copies with --log. If no other machine has sent, use --logs-are-complete."
    )


def _apply_what_is_known(row: Installation, logs: Sequence[Path], now: dt.datetime) -> Settlement:
    """Record what journals, provider reports and logs say."""
    recovery.recover(shard_worker.journals(), now=now)
    done = Settlement(had=_confirm_reported(now))
    by_day: dict[dt.date, list[Path]] = {}
    for folder in (sent_log.home(row.incarnation), *logs):
        for day, path in sent_log.days(folder):
            by_day.setdefault(day, []).append(path)
    for day, paths in by_day.items():
        if day >= (now - WINDOW).date() - dt.timedelta(days=1):
            done.later += _load(day, paths)
            edition = Edition.objects.filter(day=day).first()
            if edition:
                had, maybe = sent_before.apply(edition)
                done.had, done.maybe = done.had + had, done.maybe + maybe
                done.later -= had + maybe
    return done


def _confirm_reported(now: dt.datetime) -> int:
    """Record the queued deliveries that a provider has reported as accepted."""
    reported = Delivery.objects.filter(status=Status.QUEUED, events__event_type__in=events.TAKEN)
    pks = list(reported.values_list("pk", flat=True).distinct())
    return len(pks) - len(events.confirm_sent(pks, now=now))


def _load(day: dt.date, paths: list[Path]) -> int:
    """Store who had the edition of `day`, or may have had it, if the database does not know yet. Return how many."""
    states = sent_log.read(paths)
    ended = Delivery.objects.filter(edition__day=day).exclude(status=Status.QUEUED).order_by()
    for reader in ended.values_list("subscriber_id", flat=True).iterator(BATCH):
        if reader < len(states):
            states[reader] = sent_log.NONE
    with transaction.atomic():
        SentBefore.objects.filter(day=day).delete()
        rows = (
            SentBefore(day=day, subscriber_id=reader, is_certain=state == sent_log.SENT)
            for reader, state in enumerate(states)
            if state != sent_log.NONE
        )
        return sum(len(SentBefore.objects.bulk_create(batch)) for batch in _batches(rows))


def _batches(rows: Iterable[SentBefore]) -> Iterator[list[SentBefore]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _resume(
    row: Installation,
    mark: HighWaterMark | None,
    now: dt.datetime,
    *,
    counted_until: dt.datetime | None,
    counted_through: dt.date | None,
) -> None:
    """Raise the position above the mark, so that the database is no longer behind it, and end the pause."""
    row.refresh_from_db()
    pause = pauses.current()
    if pause and row.behind_reason and pause.reason == row.behind_reason:
        pauses.end(now=now)
    position = max(row.position, mark.position if mark else 0) + 1
    Installation.objects.filter(pk=ONLY).update(
        position=position,
        behind_since=None,
        behind_reason="",
        counted_until=counted_until,
        counted_through=counted_through,
    )
    transaction.on_commit(lambda: high_water.write(row.incarnation, HighWaterMark(position, now.isoformat())))
