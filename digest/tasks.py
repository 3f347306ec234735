"""Bells for the workers. Each calls one function; what there is to do stands in the database.

A bell that is lost costs a minute, one that rings twice costs nothing.
"""

from celery import shared_task
from django.utils import timezone

from digest import catching_up, collecting, delivery, editions, enriching, planning, reports, topics
from digest.models import Delivery, Edition, Source
from subscriptions import subscribers

SHARD = 500  # deliveries a bell
SHARD_SECONDS = 50  # well below the time limit; the next minute rings again for what is left


@shared_task
def collect_papers() -> None:
    """Ring once for each source: one that hangs delays no other."""
    for source in Source.objects.filter(is_active=True):
        collect_source.delay(source.pk)


@shared_task(expires=1700)
def collect_source(pk: int) -> None:
    """Read one source; on a new site its last days are published as they are."""
    now = timezone.now()
    source = Source.objects.get(pk=pk)
    days = collecting.days_to_read(source, today=now.date())
    collecting.collect(days, only=pk, changes_only=True)
    editions.begin(now=now)


@shared_task
def publish_due_edition() -> None:
    if Edition.objects.exists():  # else the first start is still fetching
        now = timezone.now()
        editions.publish(editions.due_day(now), now=now)
        editions.note_quiet_days(until=editions.due_day(now))


@shared_task(expires=290)
def sort_by_topic() -> None:
    topics.sort_stale(seconds=SHARD_SECONDS)


@shared_task
def send_due_digests() -> None:
    """Plan what is due, and ring once for each shard of the queue, whatever came of the planning."""
    now = timezone.now()
    try:
        subscribers.resume_rested(now=now)
        delivery.requeue_stuck(now=now)
        planning.plan_due(now=now)
    finally:
        for first, last in delivery.shards(SHARD, now=now):
            send_shard.delay(first, last)


@shared_task(expires=55)
def send_shard(first: int, last: int) -> None:
    delivery.send_queued(Delivery.objects.filter(pk__range=(first, last)), seconds=SHARD_SECONDS)


@shared_task
def report_to_operators() -> None:
    reports.send_report(now=timezone.now())


@shared_task
def enrich_papers() -> None:
    enriching.enrich(now=timezone.now())


@shared_task
def catch_up_missed_days() -> None:
    """Ring once for each arXiv category: one that hangs delays no other."""
    for source in Source.objects.filter(kind=Source.Kind.ARXIV, is_active=True):
        catch_up_source.delay(source.pk)


@shared_task(expires=3600)
def catch_up_source(pk: int) -> None:
    catching_up.catch_up(now=timezone.now(), only=pk)
