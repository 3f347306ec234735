"""Time and queries of the admin's pages with a million readers and ten million deliveries.

It measures SQLite, and PostgreSQL if BENCH_DATABASE_URL is the URL of an empty database.
"""

import datetime as dt
import gc
import os
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import scratch
from benchmarks.times import milliseconds

READERS = 1_000_000
EDITIONS = 10  # each has a delivery for each reader
PAPERS = 20  # in each edition
ENTRIES = 100_000  # in the audit log
TIMES = 20  # requests of each page
POSTGRESQL = os.environ.get("BENCH_DATABASE_URL", "")
STATUSES = ("sent",) * 900 + ("skipped",) * 90 + ("failed",) * 8 + ("uncertain",) * 2

Figures = dict[str, Any]


def run(scale: float = 1.0) -> Figures:
    """Return p95 (ms) and the number of queries of each page, by database, and the most of all pages."""
    readers = max(int(READERS * scale), 1_000)
    databases = {"postgresql": POSTGRESQL} if POSTGRESQL else {"sqlite": ""}
    return {name: scratch.measure(f"admin.measure({readers})", url) for name, url in databases.items()}


def measure(readers: int) -> Figures:
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import setup_test_environment

    _fill(readers)
    setup_test_environment()
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get())
    client.get("/admin/")
    gc.collect()
    gc.freeze()  # as config.wsgi does
    pages = {name: _measure(client, path) for name, path in _pages(readers)}
    most = {f"most_{key}": max(page[key] for page in pages.values()) for key in ("p95_ms", "queries")}
    return most | {"readers": readers, "deliveries": readers * EDITIONS, "pages": pages}


def _measure(client: Any, path: str) -> Figures:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)  # fills the caches
    walls, processor = [], time.process_time()
    for _ in range(TIMES):
        began = time.perf_counter()
        response = client.get(path)
        walls.append(time.perf_counter() - began)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}.")
    processor = (time.process_time() - processor) / TIMES
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    slowest = max(queries, key=lambda query: float(query["time"]))
    figures = {name.rstrip("_"): value for name, value in milliseconds(walls, "").items() if name != "most_ms_"}
    shown = {"slowest_query_s": float(slowest["time"]), "slowest_query": slowest["sql"][:300]}
    return figures | {"cpu_ms": round(processor * 1000, 1), "queries": len(queries)} | shown


def _pages(readers: int) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of each page: lists, searches, filters and rows."""
    from django.contrib.admin.models import LogEntry

    from digest.models import Delivery, DeliveryEvent, Edition, Job
    from subscriptions.models import Subscriber

    address = f"reader{readers // 2}@example.org"
    lists = {
        "readers": ("subscriptions/subscriber", Subscriber),
        "deliveries": ("digest/delivery", Delivery),
        "editions": ("digest/edition", Edition),
        "events": ("digest/deliveryevent", DeliveryEvent),
        "jobs": ("digest/job", Job),
        "audit log": ("admin/logentry", LogEntry),
    }
    yield "first page", "/admin/"
    for name, (path, model) in lists.items():
        yield name, f"/admin/{path}/"
        row = model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
        yield f"one of {name}", f"/admin/{path}/{row}/change/"
    yield "readers by address", f"/admin/subscriptions/subscriber/?q={address}"
    yield "readers by a part", "/admin/subscriptions/subscriber/?q=reader77"
    yield "readers by two letters", "/admin/subscriptions/subscriber/?q=zq"
    yield "readers that are suppressed", "/admin/subscriptions/subscriber/?status__exact=suppressed"
    yield "readers by address, sorted", "/admin/subscriptions/subscriber/?o=1"
    yield "readers, page 100", "/admin/subscriptions/subscriber/?p=100"
    yield "deliveries of a reader", f"/admin/digest/delivery/?q={address}"
    yield "failed deliveries", "/admin/digest/delivery/?status__exact=failed"
    newest, *_, oldest = Edition.objects.values_list("pk", flat=True)
    yield "deliveries of an edition", f"/admin/digest/delivery/?edition__id__exact={newest}"
    yield "deliveries of an old edition", f"/admin/digest/delivery/?edition__id__exact={oldest}"
    yield "deliveries by a column without an index", "/admin/digest/delivery/?o=1"
    yield "follows", "/admin/subscriptions/topicfilter/"
    yield "follows by a part", "/admin/subscriptions/topicfilter/?q=reader77"
    yield "bounces", "/admin/digest/deliveryevent/?meaning=hard"
    yield "consents", "/admin/subscriptions/consent/"


def _fill(readers: int) -> None:
    """Make all rows in the database itself."""
    from django.contrib.auth.models import User
    from django.db import connection

    from benchmarks import readers as crowd
    from digest.models import Delivery, DeliveryEvent, Edition, Job
    from subscriptions import address_index
    from subscriptions.models import Consent

    User.objects.create_superuser("admin", "admin@example.org", "unused")
    crowd.make(readers, topics=1, created_at=crowd.moment(minutes="n / 4"))
    _make_editions()
    random = "abs(hashint8(subscriptions_subscriber.id))" if connection.vendor == "postgresql" else "id * 7919"
    for number, edition in enumerate(Edition.objects.order_by("day")):
        cases = _statuses(f"(({random} + {number}) % {len(STATUSES)})")
        queued_at = crowd.moment(f"{edition.day - dt.timedelta(days=1)} 12:00:00+00:00", "id % 1440")
        values = {
            "edition_id": str(edition.pk),
            "subscriber_id": "id",
            "status": cases,
            "sent_at": f"CASE WHEN {cases} = 'sent' THEN {queued_at} END",
            "queued_at": queued_at,
            "not_before": queued_at,
            "reason": f"CASE WHEN {cases} = 'failed' THEN 'No such mailbox' ELSE '' END",
            "papers": "'[]'",
        }
        crowd.insert(Delivery, values, "subscriptions_subscriber")
    values = {"delivery_id": "id", "event_key": "'x:' || id", "event_type": "'delivered'", "happened_at": "queued_at"}
    values["meaning"] = "CASE WHEN id % 500 = 0 THEN 'hard' ELSE '' END"
    crowd.insert(DeliveryEvent, values, f"digest_delivery WHERE edition_id = {Edition.objects.all()[0].pk}")
    values = {"reader_uid": "uid", "address_hash": "email", "event": "'confirmed'", "happened_at": "created_at"}
    crowd.insert(Consent, values, "subscriptions_subscriber")
    _log()
    now = "now()" if connection.vendor == "postgresql" else "datetime('now')"
    values = {"kind": "'suppress_readers'", "state": "'done'", "created_by": "'admin'", "created_at": now}
    crowd.insert(Job, values | {"done": "10000", "arguments": "'{}'", "report": "'{}'"}, crowd.numbers(1_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    if connection.vendor == "postgresql":
        address_index.create()


def _make_editions() -> None:
    from django.utils import timezone

    from digest.models import Edition, Paper

    now = timezone.now()
    for ago in range(EDITIONS):
        at = now - dt.timedelta(days=ago)
        edition = Edition.objects.create(day=at.date(), published_at=at, closed_at=at, send_after=at, planned_until=at)
        Paper.objects.bulk_create(
            Paper(key=f"bench:{ago}-{number}", title=f"Paper {number}", edition=edition) for number in range(PAPERS)
        )


def _statuses(number: str) -> str:
    """Return SQL with one of STATUSES for a number below their length."""
    bounds = [(status, STATUSES.index(status) + STATUSES.count(status)) for status in dict.fromkeys(STATUSES)]
    cases = " ".join(f"WHEN {number} < {bound} THEN '{status}'" for status, bound in bounds)
    return f"(CASE {cases} END)"


def _log() -> None:
    from django.contrib.admin.models import LogEntry
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType

    from subscriptions import audit
    from subscriptions.models import Subscriber

    entry = {
        "user_id": User.objects.get().pk,
        "content_type_id": ContentType.objects.get_for_model(Subscriber).pk,
        "action_flag": audit.ACTION,
        "change_message": "Suppressed.",
    }
    LogEntry.objects.bulk_create(
        (LogEntry(object_id=str(number), object_repr=f"reader {number}", **entry) for number in range(ENTRIES)),
        batch_size=5_000,
    )
