"""The metric families, in Prometheus' naming: base units, and `_total` for counters.

Each costs a bounded number of rows, however many deliveries there are.
"""

import datetime as dt
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, Model, OuterRef, QuerySet, Subquery, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily

from digest import counters
from digest.delivery import pauses, shards
from digest.delivery.providers import failover
from digest.ingest import fetch_log, source_health
from digest.models import Delivery, Edition, FetchRun, Heartbeat, Paper, Shard, Source
from digest.ops.health import broker, heartbeats
from digest.ops.health.broker import BrokerError
from digest.ops.health.incidents import open_incidents
from subscriptions.models import FormPost, OwedNotice, Subscriber

PREFIX = "dailypapers_"
EXACT = 100_000  # rows of a queue that are counted one by one
FORGOTTEN_AFTER = dt.timedelta(hours=1)  # heartbeats of processes that were killed

Counted = dict[str, list[tuple[dict[str, str], float]]]


def collect(*, now: dt.datetime) -> Iterator[Metric]:
    yield from _software()
    yield from _content()
    yield from _readers()
    yield from _queue(now)
    yield from _sending(now)
    yield from _sources()
    yield from _broker()
    yield from _health(now)
    yield from _counted(counters.read())


def _software() -> Iterator[Metric]:
    labels = {"version": settings.VERSION, "python": platform.python_version(), "database": connection.vendor}
    yield _gauge("build_info", "The version that answers. The value is always 1.", [(labels, 1)])


def _content() -> Iterator[Metric]:
    editions = Edition.objects.aggregate(number=Count("pk"), newest=Max("published_at"))
    yield _gauge("papers", "Papers in the database; estimated if there are many.", [({}, _about(Paper))])
    yield _gauge("editions", "Published editions.", [({}, editions["number"])])
    yield _moments("edition_published", "When the newest edition was published.", [({}, editions["newest"])])


def _readers() -> Iterator[Metric]:
    found = dict(Subscriber.objects.order_by().values_list("status").annotate(Count("pk")))
    rows = [({"status": status}, found.get(status, 0)) for status in Subscriber.Status.values]
    yield _gauge("readers", "Readers by status.", rows)


def _queue(now: dt.datetime) -> Iterator[Metric]:
    due = shards.unfinished_due(now=now).order_by().aggregate(oldest=Min("not_before"))
    held = Shard.objects.filter(done_at=None).exclude(worker="").values("worker").distinct().count()
    notices = OwedNotice.objects.aggregate(oldest=Min("asked_at"))
    yield _gauge("digest_queue_size", "Digests that wait to be sent.", [({}, _queued())])
    yield _moments("digest_queue_oldest_due", "Since when the oldest unsent digest is due.", [({}, due["oldest"])])
    yield _gauge("sending_workers", "Workers that are sending digests now.", [({}, held)])
    yield _gauge("notice_queue_size", "Confirmations and other notices that wait.", [({}, _up_to(OwedNotice.objects))])
    yield _moments("notice_queue_oldest", "When the oldest of them was asked for.", [({}, notices["oldest"])])
    yield _gauge("form_queue_size", "Sign-ups and other forms that wait.", [({}, _up_to(FormPost.objects))])


def _sending(now: dt.datetime) -> Iterator[Metric]:
    pause = pauses.current()
    closed = failover.avoided_providers(now=now)
    rows = [({"provider": name}, float(name in closed)) for name in failover.names()]
    yield _gauge("sending_paused", "1 while all sending is paused.", [({}, float(pause is not None))])
    yield _moments("sending_pause_began", "When the pause began.", [({}, pause.began_at if pause else None)])
    yield _gauge("provider_avoided", "1 while a provider is avoided because it refused everything.", rows)


def _sources() -> Iterator[Metric]:
    runs = FetchRun.objects.filter(source=OuterRef("pk")).values("started_at")
    sources = Source.objects.filter(is_active=True).annotate(
        tried=Subquery(runs[:1]), read=Subquery(runs.exclude(status__in=source_health.BROKEN)[:1])
    )
    rows = [(fetch_log.labels_of(source), source.tried, source.read) for source in sources]
    yield _moments("source_last_fetch", "When a source was last asked.", [(of, tried) for of, tried, _ in rows])
    yield _moments(
        "source_last_success", "When it last answered without an error.", [(of, read) for of, _, read in rows]
    )


def _broker() -> Iterator[Metric]:
    if broker.is_in_memory():
        return
    try:
        depths = broker.depths()
    except BrokerError:
        depths = {}
    yield _gauge("broker_up", "1 if the broker answers.", [({}, float(bool(depths)))])
    rows = [({"queue": name}, depth) for name, depth in depths.items()]
    yield _gauge("broker_queue_size", "Tasks that wait in the broker.", rows)


def _health(now: dt.datetime) -> Iterator[Metric]:
    alive, last = Counter[str](), dict[str, dt.datetime]()
    disks, skews = dict[str, float](), dict[str, float]()
    for beat in Heartbeat.objects.filter(at__gt=now - FORGOTTEN_AFTER):
        alive[beat.kind] += beat.at > now - heartbeats.SILENT_AFTER
        last[beat.kind] = max(last.get(beat.kind, beat.at), beat.at)
        if beat.free_mb is not None:
            disks[beat.host] = min(disks.get(beat.host, beat.free_mb * 1e6), beat.free_mb * 1e6)
        skews[beat.host] = max(skews.get(beat.host, 0.0), abs(beat.skew.total_seconds()))
    kinds = [kind for kind in Heartbeat.Kind.values if kind != Heartbeat.Kind.QUEUE]
    yield _gauge("processes", "Processes with a recent heartbeat.", [({"kind": kind}, alive[kind]) for kind in kinds])
    yield _moments(
        "last_heartbeat", "The last heartbeat by kind.", [({"kind": kind}, last.get(kind)) for kind in kinds]
    )
    yield _gauge("free_disk_bytes", "Free space in VAR_DIR.", [({"host": host}, free) for host, free in disks.items()])
    rows = [({"host": host}, skew) for host, skew in skews.items()]
    yield _gauge("clock_skew_seconds", "How far a machine's clock is from the database's.", rows)
    yield _gauge("open_incidents", "What operators were alerted to and is not over.", [({}, open_incidents().count())])


def _counted(counted: Counted) -> Iterator[Metric]:
    yield _counter("digest_attempts", "Digests handed to a provider, by its answer.", counted)
    yield _counter("provider_reports", "Bounces, complaints and other reports of providers.", counted)
    yield _counter("fetched_papers", "New papers by source and result of the fetch.", counted)
    yield _summary("fetch_duration_seconds", "Fetches of sources.", counted, "fetches", "fetch_seconds")
    yield _summary("task_duration_seconds", "Background tasks.", counted, "tasks", "task_seconds")


def _gauge(name: str, about: str, rows: Iterable[tuple[dict[str, str], float]]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, about)
    for labels, value in rows:
        family.add_sample(family.name, labels, value)
    return family


def _moments(name: str, about: str, rows: Iterable[tuple[dict[str, str], dt.datetime | None]]) -> Metric:
    """Return moments as Unix times, without those that have not come."""
    known = [(labels, moment.timestamp()) for labels, moment in rows if moment]
    return _gauge(f"{name}_timestamp_seconds", about, known)


def _counter(name: str, about: str, counted: Counted) -> Metric:
    family = CounterMetricFamily(PREFIX + name, about)
    for labels, value in counted.get(name, ()):
        family.add_sample(f"{family.name}_total", labels, value)
    return family


def _summary(name: str, about: str, counted: Counted, number: str, seconds: str) -> Metric:
    """Return how often something ran, and for how many seconds in total."""
    family = SummaryMetricFamily(PREFIX + name, f"{about} The sum is in seconds.")
    for ending, counter in (("count", number), ("sum", seconds)):
        for labels, value in counted.get(counter, ()):
            family.add_sample(f"{family.name}_{ending}", labels, value)
    return family


def _queued() -> int:
    """Return how many digests are queued. If there are very many, count those in unfinished shards instead."""
    number = _up_to(Delivery.objects.filter(status=Delivery.Status.QUEUED))
    if number < EXACT:
        return number
    unfinished: int = Shard.objects.filter(done_at=None).aggregate(size=Sum("size", default=0))["size"]
    return max(number, unfinished)


def _up_to(rows: QuerySet[Any] | Any, most: int = EXACT) -> int:
    number: int = rows.order_by()[:most].count()
    return number


def _about(model: type[Model]) -> int:
    """Return the number of rows, or PostgreSQL's estimate if there are many."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
            estimate: int = int(cursor.fetchone()[0])
        if estimate > EXACT:
            return estimate
    number: int = model._default_manager.count()
    return number
