"""Celery tasks. Each calls one function, which finds its work in the database.

So a lost task costs a minute, until the next one, and a task that runs twice does no harm.
"""

import gc
from typing import Any

from celery import shared_task
from celery.signals import beat_init, worker_init, worker_ready, worker_shutdown
from django.conf import settings

from digest import clock
from digest.api.webhooks import message_queue, sender
from digest.delivery import pauses, planner, shard_worker, shards
from digest.editions import publication
from digest.email import rendering
from digest.ingest import backfill, enrichment, fetcher
from digest.language_models import judge, summaries
from digest.models import Edition, Source
from digest.opinions import reading_list
from digest.ops import daily_report, daily_totals, reputation_guard, retention
from digest.ops.health import broker, dead_mans_switch, heartbeats, key_report, pulse, task_age, watch
from digest.ops.health.broker import BrokerError
from digest.ops.jobs import runner
from digest.ops.metrics import task_times  # noqa: F401  # its signals count the tasks
from digest.ops.recovery import guard, settlement
from digest.ops.recovery.start_up import require_keys, require_release
from digest.ops.staff import sessions
from digest.papers import topic_assignment
from digest.personalization import assessments, embeddings, expansions, key_sentences, likes, paper_index
from digest.search import topic_maker
from digest.site import thumbnails
from subscriptions.readers import lifecycle

MAX_SENDING_TASKS = 64  # at once; one is enough for each worker process, which sends until nothing is left
SENDING_SECONDS = 50  # the next minute's tasks send the rest
TOPIC_SECONDS = 50
WEBHOOK_SECONDS = 50
THUMBNAIL_SECONDS = 50
EMBEDDING_SECONDS = 50
SUMMARY_SECONDS = 120
JUDGE_SECONDS = 120
SENDING_LIMIT = 400  # seconds; an email in flight may wait up to 300 seconds for the server's answer


@worker_init.connect
@beat_init.connect
def refuse_foreign_database(**kwargs: object) -> None:
    """Stop a worker or beat that has other keys than the database, or that is older."""
    key_report.report_wrong_keys()
    require_keys()
    require_release()


@worker_init.connect
def load_before_forking(**kwargs: object) -> None:
    """Load what the processes of a worker need for their first email, and exclude it from garbage collection.

    The processes are forked afterward, so they share this memory.
    """
    rendering.preload()
    gc.freeze()


@worker_ready.connect
def start_pulse(sender: Any, **kwargs: object) -> None:
    """Leave heartbeats from the worker's main process, which lives as long as the worker."""
    queues = ",".join(sorted(sender.app.amqp.queues.consume_from))
    pulse.start_worker(sender.hostname, queues)


@worker_shutdown.connect
def stop_pulse(**kwargs: object) -> None:
    pulse.stop_worker()


@worker_ready.connect
def look_for_work(sender: Any, **kwargs: object) -> None:
    """Start sending at once, including what a dead worker held, instead of waiting for the next minute's task."""
    for _ in range(min(sender.controller.concurrency, MAX_SENDING_TASKS)):
        send_shards.delay()


@shared_task
def collect_papers() -> None:
    """Start a task for each source, so that a source that hangs delays no other."""
    for source in Source.objects.filter(is_active=True):
        collect_source.delay(source.pk)


@shared_task
def collect_source(pk: int) -> None:
    """Read one source. On a new site, also publish its last days at once."""
    now = clock.now()
    source = Source.objects.get(pk=pk)
    days = fetcher.days_to_read(source, today=now.date())
    fetcher.fetch_all(days, only=pk, changes_only=True)
    publication.publish_first_days(now=now)


@shared_task
def publish_due_edition() -> None:
    if Edition.objects.exists():  # otherwise the first start is still fetching
        now = clock.now()
        done = publication.publish(publication.due_day(now), now=now)
        publication.note_quiet_days(until=publication.due_day(now))
        if done.is_new:
            dead_mans_switch.send(is_good=not watch.has_urgent_incident())


@shared_task
def bring_in_thumbnails() -> None:
    """Fetch missing thumbnails of recent papers."""
    thumbnails.fetch_missing(now=clock.now(), seconds=THUMBNAIL_SECONDS)


@shared_task
def sort_by_topic() -> None:
    """Assign papers again to topics that have changed."""
    topic_assignment.reassign_stale(seconds=TOPIC_SECONDS)


@shared_task
def send_due_digests() -> None:
    """Plan the digests that are due, and start a task for each shard that waits, even if the planning fails."""
    now = clock.now()
    try:
        pauses.end_expired(now=now)
        lifecycle.resume_expired(now=now)
        if guard.may_send(now=now):
            planner.plan_due(now=now)
            planner.expire_old(now=now)
    except Exception:
        dead_mans_switch.send(is_good=False)
        raise
    else:
        dead_mans_switch.send(is_good=not watch.has_urgent_incident())
    finally:
        for _ in range(min(shards.unfinished_due(now=now).count(), MAX_SENDING_TASKS)):
            send_shards.delay()


@shared_task(soft_time_limit=SENDING_LIMIT, time_limit=SENDING_LIMIT + 50)
def send_shards() -> None:
    """Send shard after shard until none is left or the time of a task is over."""
    if guard.may_send(now=clock.now()):
        shard_worker.send_due(seconds=SENDING_SECONDS)


@shared_task
def run_jobs() -> None:
    """Run jobs of the admin for a few seconds. Waiting digests go before the next turn."""
    if runner.run_pending():
        run_jobs.delay()


@shared_task
def work_out_vectors() -> None:
    """Embed new papers and choose their key sentences; learn from likes and examples; expand readers' texts.

    Then delete the vectors and expansions that nothing uses.
    """
    paper_index.embed_ahead(now=clock.now(), seconds=EMBEDDING_SECONDS)
    topic_maker.relearn_outdated()
    key_sentences.choose_missing(now=clock.now(), seconds=EMBEDDING_SECONDS)
    likes.learn_outdated(now=clock.now(), seconds=EMBEDDING_SECONDS)
    expansions.expand_missing(paper_index.catalogue(), now=clock.now(), seconds=EMBEDDING_SECONDS)
    embeddings.delete_unused(now=clock.now(), needed=likes.rated_texts)
    expansions.delete_unused(now=clock.now())


@shared_task
def summarize_papers() -> None:
    summaries.summarize_missing(now=clock.now(), seconds=SUMMARY_SECONDS)


@shared_task
def assess_borderline_papers() -> None:
    judge.assess_borderline(now=clock.now(), seconds=JUDGE_SECONDS)
    assessments.delete_old(now=clock.now())


@shared_task
def report_to_operators() -> None:
    daily_report.send_report(now=clock.now())


@shared_task
def enrich_papers() -> None:
    enrichment.enrich(now=clock.now())


@shared_task
def catch_up_missed_days() -> None:
    """Start a task for each arXiv category, so that one that hangs delays no other."""
    for source in Source.objects.filter(kind=Source.Kind.ARXIV, is_active=True):
        catch_up_source.delay(source.pk)


@shared_task
def catch_up_source(pk: int) -> None:
    backfill.backfill_missed_days(now=clock.now(), only=pk)


@shared_task
def keep_house() -> None:
    """Count the days that are over, then delete old rows."""
    now = clock.now()
    daily_totals.count_days(now=now)
    retention.delete_old(now=now)
    reading_list.delete_old(now=now)
    settlement.delete_old(now=now)
    message_queue.delete_old(now=now)
    sessions.delete_old(now=now)


@shared_task
def send_webhooks() -> None:
    sender.send_due(now=clock.now(), seconds=WEBHOOK_SECONDS)


@shared_task
def note_queues() -> None:
    """Send a task through each queue, to show that it runs."""
    for queue in settings.CELERY_TASK_QUEUES:
        note_queue.apply_async((queue,), queue=queue)


@shared_task(bind=True)
def note_queue(self: Any, queue: str) -> None:
    """Note that this queue runs, how long its last task waited, and how many wait now."""
    try:
        depth = broker.depths().get(queue)
    except BrokerError:
        depth = None
    heartbeats.record(heartbeats.Kind.QUEUE, queue, waited=task_age.age(self.request), depth=depth)


@shared_task
def watch_rates() -> None:
    reputation_guard.pause_if_harmful(now=clock.now())
