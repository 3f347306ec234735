"""Celery tasks. Each calls one function, which finds its work in the database.

So a lost task costs a minute, until the next one, and a task that runs twice does no harm.
"""

import gc
from typing import Any

from celery import shared_task
from celery.signals import beat_init, worker_init, worker_ready

from digest import clock, reading_list, task_times  # noqa: F401  # its signals count the tasks
from digest.delivery import pauses, planner, shard_worker, shards
from digest.editions import publication
from digest.email import rendering
from digest.ingest import backfill, enrichment, fetcher
from digest.jobs import runner
from digest.language_models import judge, summaries
from digest.models import Edition, Source
from digest.ops import alerts, daily_report, daily_totals, reputation_guard, retention
from digest.papers import topic_assignment
from digest.personalization import assessments, embeddings, expansions, key_sentences, likes, paper_index
from digest.recovery import guard, settlement
from digest.recovery.start_up import require_keys
from digest.search import topic_maker
from digest.site import thumbnails
from digest.staff import sessions
from subscriptions.readers import lifecycle

EXPIRES = 900  # seconds; a machine with a clock that is further ahead drops all tasks of other machines
MAX_SENDING_TASKS = 64  # at once; one is enough for each worker process, which sends until nothing is left
SENDING_SECONDS = 50  # the next minute's tasks send the rest
TOPIC_SECONDS = 50
THUMBNAIL_SECONDS = 50
EMBEDDING_SECONDS = 50
SUMMARY_SECONDS = 120
JUDGE_SECONDS = 120
SENDING_LIMIT = 400  # seconds; an email in flight may wait up to 300 seconds for the server's answer


@worker_init.connect
@beat_init.connect
def refuse_wrong_keys(**kwargs: object) -> None:
    """Stop a worker or beat that has other keys than the database."""
    require_keys()


@worker_init.connect
def load_before_forking(**kwargs: object) -> None:
    """Load what the processes of a worker need for their first email, and exclude it from garbage collection.

    The processes are forked afterward, so they share this memory.
    """
    rendering.preload()
    gc.freeze()


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


@shared_task(expires=1700)
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
        publication.publish(publication.due_day(now), now=now)
        publication.note_quiet_days(until=publication.due_day(now))


@shared_task(expires=1700)
def bring_in_thumbnails() -> None:
    thumbnails.fetch_missing(now=clock.now(), seconds=THUMBNAIL_SECONDS)


@shared_task(expires=EXPIRES)
def sort_by_topic() -> None:
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
        alerts.email_operators_of_pause(now=now)
        alerts.email_operators_of_poison_pill(now=now)
    finally:
        for _ in range(min(shards.due_shards(now=now).count(), MAX_SENDING_TASKS)):
            send_shards.delay()


@shared_task(expires=EXPIRES, soft_time_limit=SENDING_LIMIT, time_limit=SENDING_LIMIT + 50)
def send_shards() -> None:
    """Send shard after shard until none is left or the time of a task is over."""
    if guard.may_send(now=clock.now()):
        shard_worker.send_due(seconds=SENDING_SECONDS)


@shared_task(expires=EXPIRES)
def run_jobs() -> None:
    """Run jobs of the admin for a few seconds. Waiting digests go before the next turn."""
    if runner.run_pending():
        run_jobs.delay()


@shared_task(expires=EXPIRES)
def work_out_vectors() -> None:
    """Embed new papers, choose their key sentences, expand readers' texts, and learn from likes."""
    paper_index.embed_ahead(now=clock.now(), seconds=EMBEDDING_SECONDS)
    topic_maker.relearn_outdated()
    key_sentences.choose_missing(now=clock.now(), seconds=EMBEDDING_SECONDS)
    likes.learn_outdated(now=clock.now(), seconds=EMBEDDING_SECONDS)
    expansions.expand_missing(paper_index.catalogue(), now=clock.now(), seconds=EMBEDDING_SECONDS)
    embeddings.forget_unused(now=clock.now(), needed=likes.rated_texts)
    expansions.forget_unused(now=clock.now())


@shared_task(expires=EXPIRES)
def summarize_papers() -> None:
    summaries.summarize_missing(now=clock.now(), seconds=SUMMARY_SECONDS)


@shared_task(expires=EXPIRES)
def assess_borderline_papers() -> None:
    judge.assess_borderline(now=clock.now(), seconds=JUDGE_SECONDS)
    assessments.forget_old(now=clock.now())


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


@shared_task(expires=3600)
def catch_up_source(pk: int) -> None:
    backfill.backfill_missed_days(now=clock.now(), only=pk)


@shared_task
def keep_house() -> None:
    """Count the days that are over, then delete old rows."""
    now = clock.now()
    daily_totals.count_days(now=now)
    retention.prune(now=now)
    reading_list.prune(now=now)
    settlement.forget_old(now=now)
    sessions.prune(now=now)


@shared_task
def watch_rates() -> None:
    reputation_guard.pause_if_harmful(now=clock.now())
