"""The operators' daily report by email: new papers, digests sent, failures and their reasons, failing sources."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Sum

from digest import clock
from digest.email.formatting import count
from digest.ingest import source_health
from digest.ingest.source_health import FailingSource
from digest.models import Delivery, DeliveryEvent, Edition, FetchRun, Opinion, QuietDay, SavedPaper, Turn
from digest.ops.dashboard import unsuccessful_since
from subscriptions.email import builder
from subscriptions.models import Subscriber
from subscriptions.security import abuse_limits

SPAN = dt.timedelta(hours=24)
TURN = "operators' report"


@dataclass(frozen=True)
class DailyReport:
    """The 24 hours before `until`. Numbers are counts of rows."""

    until: dt.datetime
    editions: list[Edition]
    quiet_days: list[QuietDay]
    intakes: list[tuple[str, int, int]]  # source, new papers, failed runs
    failing_sources: list[FailingSource]
    deliveries: dict[str, int]  # deliveries by status
    reasons: list[tuple[str, int]]  # why deliveries failed or wait, the most frequent first
    unsuccessful: int  # deliveries that failed or wait
    events: dict[str, int]  # the provider's reports, by type
    new_readers: int
    left: int  # readers who unsubscribed
    turned_away: int  # forms that the rate limit of their network refused
    readers: int  # all active ones
    paused: int
    likes: int
    saved: int  # papers that readers saved

    @property
    def is_fine(self) -> bool:
        return not self.failing_sources and not self.reasons

    @property
    def headline(self) -> str:
        """Return what happened in a few words: the failures, or how many digests were sent."""
        failures = [
            count(len(self.failing_sources), "source") + " failing" if self.failing_sources else "",
            count(self.unsuccessful, "digest") + " failed or waiting" if self.unsuccessful else "",
        ]
        return (
            ", ".join(filter(None, failures)) or f"all is well, {count(self.deliveries.get('sent', 0), 'digest')} sent"
        )

    @property
    def since(self) -> dt.datetime:
        return self.until - SPAN


def make_report(*, until: dt.datetime) -> DailyReport:
    since = until - SPAN
    rows = Delivery.objects.filter(queued_at__gt=since).order_by()
    unsuccessful = unsuccessful_since(since)
    events = DeliveryEvent.objects.filter(happened_at__gt=since).order_by()
    return DailyReport(
        until=until,
        editions=list(Edition.objects.filter(published_at__gt=since)),
        quiet_days=list(QuietDay.objects.filter(day__gte=since.date())),
        intakes=_intakes(since),
        failing_sources=source_health.failing_sources(),
        deliveries=dict(rows.values_list("status").annotate(Count("pk"))),
        reasons=list(unsuccessful.values_list("reason").annotate(number=Count("pk")).order_by("-number")[:10]),
        unsuccessful=unsuccessful.count(),
        events=dict(events.values_list("event_type").annotate(Count("pk"))),
        new_readers=Subscriber.objects.filter(confirmed_at__gt=since).count(),
        left=Subscriber.objects.filter(unsubscribed_at__gt=since).count(),
        turned_away=abuse_limits.count(abuse_limits.turned_away_counter(), since=since),
        readers=Subscriber.objects.active().count(),
        paused=Subscriber.objects.filter(status=Subscriber.Status.PAUSED).count(),
        likes=Opinion.objects.filter(said_at__gt=since, verdict=Opinion.Verdict.LIKE).count(),
        saved=SavedPaper.objects.filter(saved_at__gt=since, removed_at=None).count(),
    )


def send_report(*, now: dt.datetime) -> bool:
    """Email the report to settings.OPERATORS, once a day even if called more often. Return whether it was sent.

    If no email can be sent at the moment, the next call tries again.
    """
    if not settings.OPERATORS or not _claim_today(now):
        return False
    is_sent = builder.email_operators("report", {"report": make_report(until=now)})
    if not is_sent:
        Turn.objects.filter(name=TURN).update(free_at=now)
    return is_sent


def _claim_today(now: dt.datetime) -> bool:
    """Claim today's report, because two schedulers may both ask for it. Return whether the caller got it."""
    tomorrow = clock.midnight(now.date() + dt.timedelta(days=1))
    turn, is_first = Turn.objects.get_or_create(name=TURN, defaults={"free_at": tomorrow})
    return is_first or bool(Turn.objects.filter(pk=turn.pk, free_at__lte=now).update(free_at=tomorrow))


def _intakes(since: dt.datetime) -> list[tuple[str, int, int]]:
    runs = FetchRun.objects.filter(started_at__gt=since).order_by("source__name")
    new = dict(runs.values_list("source__name").annotate(Sum("new")))
    broken = runs.filter(status__in=source_health.BROKEN)
    failed = dict(broken.values_list("source__name").annotate(Count("pk")))
    return [(name, number, failed.get(name, 0)) for name, number in new.items()]
