"""Bells for the workers. Each calls one function; what there is to do stands in the database.

A bell that is lost costs a minute, one that rings twice costs nothing.
"""

from celery import shared_task
from django.utils import timezone

from digest import collecting, delivery, editions, planning
from digest.models import Delivery, Edition
from subscriptions import subscribers

SHARD = 500  # deliveries a bell


@shared_task
def collect_papers() -> None:
    """Read the sources. A site without any edition gets its last days first, unmailed."""
    now = timezone.now()
    if Edition.objects.exists():
        collecting.collect(editions.last_days(editions.DAYS_READ_AGAIN, until=now.date()))
    else:
        days = editions.last_days(editions.DAYS_AT_FIRST_START, until=now.date())
        collecting.collect(days)
        editions.publish_last_days(days, now=now)


@shared_task
def publish_due_edition() -> None:
    if Edition.objects.exists():  # else the first start is still fetching
        now = timezone.now()
        editions.publish(editions.due_day(now), now=now)


@shared_task
def send_due_digests() -> None:
    """Plan what is due, and ring once for each shard of the queue."""
    now = timezone.now()
    subscribers.resume_rested(now=now)
    delivery.requeue_stuck(now=now)
    planning.plan_due(now=now)
    for first, last in delivery.shards(SHARD, now=now):
        send_shard.delay(first, last)


@shared_task(expires=55)  # the next minute rings again for what is left
def send_shard(first: int, last: int) -> None:
    delivery.send_queued(Delivery.objects.filter(pk__range=(first, last)))
