"""A reader's state in words, for staff: what they get and when, their last digest, and what they liked and saved."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.utils.formats import date_format

from digest.editions import due_times, publication
from digest.models import Delivery, Opinion, SavedPaper
from subscriptions.models import Subscriber
from subscriptions.readers import arrival
from subscriptions.time_zones import midnight_in, time_in, zone_of

Status, Frequency = Subscriber.Status, Subscriber.Frequency


@dataclass(frozen=True)
class ReaderSummary:
    """The card at the top of a reader's page."""

    state: str
    next_digest: str  # its day and hour in the reader's time zone, or empty
    last: Delivery | None  # the newest that was sent
    likes: int
    saves: int


def summary_of(reader: Subscriber, *, now: dt.datetime) -> ReaderSummary:
    sent = Delivery.objects.filter(subscriber=reader, status=Delivery.Status.SENT).select_related("edition")
    due = next_digest(reader, now=now)
    return ReaderSummary(
        state=state_of(reader),
        next_digest=f"{date_format(due, 'D, j M Y, H:i')} {time_in(reader.time_zone)}" if due else "",
        last=sent.defer("papers").order_by("-sent_at").first(),
        likes=Opinion.objects.filter(subscriber=reader, verdict=Opinion.Verdict.LIKE).count(),
        saves=SavedPaper.objects.filter(subscriber=reader, removed_at=None).count(),
    )


def state_of(reader: Subscriber) -> str:
    """Return whether the reader gets digests now and when, as sentences after their address: "is paused until …"."""
    schedule = f"digests {arrival.describe_for(reader)}."
    if reader.status == Status.PAUSED and reader.paused_until:
        until = date_format(reader.paused_until, "j M Y")
        return f"is paused until {until} and gets nothing before. After that: {schedule}"
    if reader.status == Status.PENDING:
        return f"has not confirmed the address yet and gets nothing. Once they confirm: {schedule}"
    if reader.status == Status.UNSUBSCRIBED:
        return f"is unsubscribed and gets nothing. If they came back: {schedule}"
    if reader.status == Status.SUPPRESSED:
        return f"is suppressed, must not be emailed, and gets nothing. If they could come back: {schedule}"
    return f"is active and gets {schedule}"


def next_digest(reader: Subscriber, *, now: dt.datetime) -> dt.datetime | None:
    """Return when the next digest is due if papers match, in the reader's time zone, or None if they get none."""
    if not reader.is_subscribed:
        return None
    schedule = due_times.Schedule.of(reader)
    resumes = midnight_in(reader.time_zone, reader.paused_until) if reader.paused_until else now
    since = max(now, resumes)
    newest = publication.newest_closed()
    if reader.frequency != Frequency.WEEKLY and newest and newest.send_after:
        due = due_times.due_at(schedule, newest.send_after)
        if due > since:
            return due.astimezone(zone_of(reader.time_zone))  # it is published, and their hour has not come
    return due_times.next_due(schedule, since, settings.PUBLISH_HOUR)
