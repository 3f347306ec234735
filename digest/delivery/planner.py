"""The planner: one delivery row for each reader who is due to get an edition.

The database makes the rows in one statement. The planner may run twice, or on two machines at once: a unique
constraint gives each reader at most one row per edition.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from digest.delivery import high_water, sent_before, shards
from digest.delivery.bulk_insert import DueReaders, enqueue, enqueue_due
from digest.editions import due_times, publication
from digest.editions.due_times import Schedule
from digest.models import Delivery, Edition
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

# A weekly reader's last hour may come on the Sunday after Monday's publication, plus one day to spare.
WINDOW = dt.timedelta(days=8)
TOO_LATE = dt.timedelta(hours=24)  # for any delivery that was not sent, retries included
TOO_LATE_REASON = f"More than {TOO_LATE // dt.timedelta(hours=1)} hours late: the next edition is coming."

Status = Delivery.Status


def plan_due(*, now: dt.datetime) -> int:
    """Make a row for every reader who is due to get a recent edition. Return the number of new rows.

    A delivery that was due more than a day ago is recorded as skipped. Hours that earlier runs have planned are planned
    again only every half hour, to include readers who have chosen an earlier hour since then.
    """
    schedules = _schedules_in_use()
    recent = Edition.objects.filter(send_after__gt=now - WINDOW, send_after__lte=now)
    return sum(_plan_edition(pk, schedules, now) for pk in recent.values_list("pk", flat=True))


def _plan_edition(pk: int, schedules: list[Schedule], now: dt.datetime) -> int:
    with _locked_for_planning(pk, now) as edition:
        # Skip the hours that were planned in full, except once every half hour.
        counted = _count_as_sent(edition, schedules, now)
        done_until = edition.planned_until if _is_same_half_hour(now, edition.planned_until) else None
        due = [
            _due_readers(schedule, hour, now)
            for hour, in_hour in _schedules_by_due_time(edition, schedules, edition.send_after)
            if hour <= now and not (done_until and hour + _spread() <= done_until)
            for schedule in in_hour
        ]
        # Queue the readers who are due now, and skip those who are a day late.
        late = [each for each in due if each.due < now - TOO_LATE]
        timely = [each for each in due if each.due >= now - TOO_LATE]
        planned = enqueue_due(edition, timely, now=now)
        planned += enqueue_due(edition, late, now=now, status=Status.SKIPPED, reason=TOO_LATE_REASON)
        edition.planned_until = now
        edition.save(update_fields=["planned_until"])
    if planned:
        logger.info("Planned %d digests of %s", planned, edition.day, extra={"edition": pk, "digests": planned})
        with high_water.advancing(now=now, day=edition.day):
            pass
    return planned + counted


def _count_as_sent(edition: Edition, schedules: list[Schedule], now: dt.datetime) -> int:
    """Skip the readers who were due before an older database was restored, if an operator counts them as sent.

    The edition may have been published again since. So its readers' times are those of its first publication.
    """
    until = sent_before.counted_until(edition)
    if until is None or edition.send_after is None:
        return 0
    first = min(edition.send_after, publication.hour_of(edition.day))
    due = [
        _due_readers(schedule, hour, until)
        for hour, in_hour in _schedules_by_due_time(edition, schedules, first)
        if hour <= until
        for schedule in in_hour
    ]
    return enqueue_due(edition, due, now=now, status=Status.SKIPPED, reason=sent_before.COUNTED_REASON)


def _due_readers(schedule: Schedule, due: dt.datetime, now: dt.datetime) -> DueReaders:
    """Return the readers of `schedule` who are due by now. Each reader always gets the same minute of the hour."""
    spread = max(settings.SEND_SPREAD_MINUTES, 1)
    return DueReaders(schedule, due, spread, min(int((now - due).total_seconds() // 60), spread))


def _is_same_half_hour(now: dt.datetime, before: dt.datetime | None) -> bool:
    return before is not None and int(now.timestamp()) // 1800 == int(before.timestamp()) // 1800


def _spread() -> dt.timedelta:
    return dt.timedelta(minutes=settings.SEND_SPREAD_MINUTES)


@contextmanager
def _locked_for_planning(pk: int, now: dt.datetime) -> Iterator[Edition]:
    """Yield the edition, locked against other planners. At the end, put the rows made in the block into shards."""
    with transaction.atomic():
        edition = Edition.objects.select_for_update().get(pk=pk)
        # New rows get higher ids than all rows of all editions. The highest id takes one look-up in the index.
        before = Delivery.objects.aggregate(Max("pk"))["pk__max"] or 0
        yield edition
        sent_before.apply(edition, after=before)
        shards.make(edition, after=before, now=now)


def expire_old(*, now: dt.datetime) -> int:
    """Skip deliveries that could not be sent for more than a day. Return how many."""
    return shards.expire(now=now, older_than=TOO_LATE, reason=TOO_LATE_REASON)


def plan_everyone(edition: Edition, *, now: dt.datetime) -> int:
    """Make a row for every reader of `edition`, regardless of their hour. Return the number of new rows.

    Weekly readers are included if the edition closes its week. A row that was skipped because it was late is made
    again, because an operator asked for it.
    """
    readers = Subscriber.objects.active()
    if not _is_weekly_digest(edition, now):
        readers = readers.exclude(frequency=Subscriber.Frequency.WEEKLY)
    late = Delivery.objects.filter(edition=edition, status=Status.SKIPPED, reason=TOO_LATE_REASON)
    with _locked_for_planning(edition.pk, now):
        late.filter(subscriber__in=readers).delete()
        return enqueue(edition, readers, now=now)


def has_missed_readers(edition: Edition, *, before: dt.datetime) -> bool:
    """Return whether readers were due to get `edition` at `before` or earlier, though it has no delivery at all."""
    if edition.send_after is None or Delivery.objects.filter(edition=edition).exists():
        return False
    readers = Subscriber.objects.active()
    return any(
        readers.filter(**schedule._asdict(), active_since__lte=hour).exists()
        for hour, in_hour in _schedules_by_due_time(edition, _schedules_in_use(), edition.send_after)
        if hour + _spread() <= before
        for schedule in in_hour
    )


def weekly_readers_waiting(edition: Edition, *, now: dt.datetime) -> int:
    """Return the number of weekly readers who do not get `edition`, because it does not close its week."""
    if _is_weekly_digest(edition, now):
        return 0
    return Subscriber.objects.active().filter(frequency=Subscriber.Frequency.WEEKLY).count()


def _schedules_in_use() -> list[Schedule]:
    rows = Subscriber.objects.active().order_by().values_list("frequency", "time_zone", "send_hour").distinct()
    return [Schedule(*row) for row in rows]


def _schedules_by_due_time(
    edition: Edition, schedules: Iterable[Schedule], send_after: dt.datetime | None
) -> list[tuple[dt.datetime, list[Schedule]]]:
    if send_after is None:
        return []
    weekly_from = _weekly_from(edition, send_after)
    by_due_time: dict[dt.datetime, list[Schedule]] = {}
    for schedule in schedules:
        earliest = weekly_from if schedule.frequency == Subscriber.Frequency.WEEKLY else send_after
        if earliest is not None:
            by_due_time.setdefault(due_times.due_at(schedule, earliest), []).append(schedule)
    return sorted(by_due_time.items())


def _is_weekly_digest(edition: Edition, now: dt.datetime) -> bool:
    weekly_from = _weekly_from(edition, edition.published_at)
    return weekly_from is not None and weekly_from <= now


def _weekly_from(edition: Edition, send_after: dt.datetime) -> dt.datetime | None:
    monday = due_times.monday_of(edition.day)
    week = Edition.objects.filter(day__range=(monday, due_times.friday_of(edition.day)))
    # An edition that was never emailed, such as Friday's published late, does not close the week, unless an operator
    # sends it by hand. An edition that was emailed and later withdrawn still closes its week.
    mailed = ~Q(send_after=None) | ~Q(planned_until=None) | Q(pk=edition.pk)
    newest = week.filter(mailed).order_by("-day").values_list("day", flat=True).first()
    return due_times.weekly_send_from(edition.day, newest, send_after, settings.PUBLISH_HOUR) if newest else None
