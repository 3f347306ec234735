"""Bells for the workers. Each calls one function; what there is to do stands in the database.

A bell that is lost costs a minute, one that rings twice costs nothing.
"""

import gc
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_ready

from digest import clock
from digest.delivery import planner, shard_worker, shards
from digest.editions import publication
from digest.email import rendering
from digest.ingest import backfill, enrichment, fetcher
from digest.models import Edition, Source
from digest.ops import alerts, daily_report, daily_totals, reputation_guard, retention
from digest.papers import topic_assignment
from digest.personalization import embeddings, paper_index
from digest.site import thumbnails
from subscriptions.readers import lifecycle

WORTH_DOING = 900  # seconds for which a bell is; a machine whose clock is ahead by more hears none of another's
BELLS = 64  # rung at once at most: one is enough for a worker, which goes on until nothing is left
SENDING_SECONDS = 50  # the next minute rings again for what is left
SORTING_SECONDS = 50
PICTURE_SECONDS = 50
ENCODING_SECONDS = 50
SENDING_LIMIT = 400  # seconds; a mail in hand may take 300 more, until its server has said something


@worker_init.connect
def load_before_forking(**kwargs: object) -> None:
    """Load once what all processes of a worker need for their first email, and keep it out of their collectors."""
    rendering.preload()
    gc.freeze()


@worker_ready.connect
def look_for_work(sender: Any, **kwargs: object) -> None:
    """Send at once what waits, and what a worker held that died: the next minute's tick may be a minute away."""
    for _ in range(min(sender.controller.concurrency, BELLS)):
        send_shards.delay()


@shared_task
def collect_papers() -> None:
    """Ring once for each source: one that hangs delays no other."""
    for source in Source.objects.filter(is_active=True):
        collect_source.delay(source.pk)


@shared_task(expires=1700)
def collect_source(pk: int) -> None:
    """Read one source; on a new site its last days are published as they are."""
    now = clock.now()
    source = Source.objects.get(pk=pk)
    days = fetcher.days_to_read(source, today=now.date())
    fetcher.fetch_all(days, only=pk, changes_only=True)
    publication.publish_first_days(now=now)


@shared_task
def publish_due_edition() -> None:
    if Edition.objects.exists():  # else the first start is still fetching
        now = clock.now()
        publication.publish(publication.due_day(now), now=now)
        publication.note_quiet_days(until=publication.due_day(now))


@shared_task(expires=1700)
def bring_in_thumbnails() -> None:
    thumbnails.fetch_missing(now=clock.now(), seconds=PICTURE_SECONDS)


@shared_task(expires=WORTH_DOING)
def sort_by_topic() -> None:
    topic_assignment.reassign_stale(seconds=SORTING_SECONDS)


@shared_task
def send_due_digests() -> None:
    """Plan what is due, and ring for each shard that waits, whatever came of the planning."""
    now = clock.now()
    try:
        lifecycle.resume_expired(now=now)
        planner.plan_due(now=now)
        planner.expire_old(now=now)
        alerts.email_operators_of_pause(now=now)
        alerts.tell_of_poison(now=now)
    finally:
        for _ in range(min(shards.due_shards(now=now).count(), BELLS)):
            send_shards.delay()


@shared_task(expires=WORTH_DOING, soft_time_limit=SENDING_LIMIT, time_limit=SENDING_LIMIT + 50)
def send_shards() -> None:
    """Send shard after shard until none is left, or for as long as a task may take."""
    shard_worker.send_due(seconds=SENDING_SECONDS)


@shared_task(expires=WORTH_DOING)
def work_out_vectors() -> None:
    """What the papers that came in mean, before anybody has to wait for it."""
    paper_index.embed_ahead(now=clock.now(), seconds=ENCODING_SECONDS)
    embeddings.forget_unused(now=clock.now())


@shared_task
def report_to_operators() -> None:
    daily_report.send_report(now=clock.now())


@shared_task
def enrich_papers() -> None:
    enrichment.enrich(now=clock.now())


@shared_task
def catch_up_missed_days() -> None:
    """Ring once for each arXiv category: one that hangs delays no other."""
    for source in Source.objects.filter(kind=Source.Kind.ARXIV, is_active=True):
        catch_up_source.delay(source.pk)


@shared_task(expires=3600)
def catch_up_source(pk: int) -> None:
    backfill.backfill_missed_days(now=clock.now(), only=pk)


@shared_task
def keep_house() -> None:
    """Count the days that are over, then forget what is old."""
    now = clock.now()
    daily_totals.count_days(now=now)
    retention.prune(now=now)


@shared_task
def watch_rates() -> None:
    reputation_guard.pause_if_harmful(now=clock.now())
