"""The metrics: their names, values and cost."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest import counters, tasks
from digest.delivery import pauses, shard_worker
from digest.delivery.providers import failover
from digest.ingest import fetch_log
from digest.models import Delivery, Edition, Heartbeat, MetricCounter, Source
from digest.ops import reputation_guard
from digest.ops.health import broker, heartbeats, incidents
from digest.ops.metrics import families
from digest.sources.records import UnreachableError
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY
from tests.digest.delivery.conftest import queue_readers
from tests.digest.ops.metrics.conftest import Scrape, values
from tests.sink import Sink

RESERVED = ("job", "instance", "le", "quantile")  # Prometheus sets these labels itself


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    """Run what waits for the commit of a test's transaction, which never comes."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_names_follow_the_rules_that_promtool_checks(scrape: Scrape, edition: Edition, committed: Any) -> None:
    with committed():
        counters.add({("tasks", counters.labels(task="t", result="ok")): 1})
    for family in scrape().values():
        assert re.fullmatch(r"dailypapers_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith(".")
        assert not re.search(r"_(?:ms|minutes|hours|days|kb|mb|percent|total|count|sum|gauge|counter)$", family.name)
        assert not family.name.endswith(("_info",)) or family.type == "gauge"
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
            assert all(re.fullmatch(r"[a-z]+", name) and name not in RESERVED for name in sample.labels)
        keys = [(sample.name, *sorted(sample.labels.items())) for sample in family.samples]
        assert len(keys) == len(set(keys)), "Prometheus refuses a series that comes twice"


def test_times_are_in_seconds_and_say_so(scrape: Scrape, edition: Edition) -> None:
    moment = scrape()["dailypapers_edition_published_timestamp_seconds"]
    assert list(values(moment).values()) == [edition.published_at.timestamp()]


def test_it_counts_papers_editions_and_readers(scrape: Scrape, edition: Edition, alice: Subscriber) -> None:
    found = scrape()
    assert values(found["dailypapers_papers"])[()] == edition.papers.count()
    assert values(found["dailypapers_editions"])[()] == 1
    assert values(found["dailypapers_readers"])["active",] == 1
    assert values(found["dailypapers_readers"])["suppressed",] == 0


def test_it_shows_the_version(scrape: Scrape, settings: Any) -> None:
    (sample,) = scrape()["dailypapers_build_info"].samples
    assert sample.labels["version"] == settings.VERSION
    assert sample.value == 1


def test_the_queue_has_a_size_and_the_time_of_its_oldest_digest(scrape: Scrape, edition: Edition) -> None:
    assert values(scrape()["dailypapers_digest_queue_size"])[()] == 0
    assert not scrape()["dailypapers_digest_queue_oldest_due_timestamp_seconds"].samples
    queue_readers(edition, 3)
    found = scrape()
    assert values(found["dailypapers_digest_queue_size"])[()] == 3
    oldest = values(found["dailypapers_digest_queue_oldest_due_timestamp_seconds"])[()]
    shard = edition.shards.get()
    assert oldest == pytest.approx(shard.not_before.timestamp())


def test_it_shows_a_pause(scrape: Scrape) -> None:
    assert values(scrape()["dailypapers_sending_paused"])[()] == 0
    pauses.start("550 no", now=NOW)
    found = scrape()
    assert values(found["dailypapers_sending_paused"])[()] == 1
    assert values(found["dailypapers_sending_pause_began_timestamp_seconds"])[()] == NOW.timestamp()


def test_it_shows_a_provider_that_is_avoided(scrape: Scrape, settings: Any) -> None:
    settings.EMAIL_PROVIDERS = ["postmark", "smtp"]
    failover.avoid_temporarily("postmark", "401", ["postmark", "smtp"])
    assert values(scrape()["dailypapers_provider_avoided"]) == {("postmark",): 1, ("smtp",): 0}


def test_digests_are_counted_by_provider_and_result(
    scrape: Scrape, edition: Edition, sink: Sink, settings: Any, committed: Any
) -> None:
    queue_readers(edition, 2)
    with committed():
        shard_worker.send_due()
    assert Delivery.objects.filter(status="sent").count() == 2
    attempts = scrape()["dailypapers_digest_attempts"]
    assert values(attempts, "_total") == {("smtp", "sent"): 2}


def _fail() -> None:
    raise UnreachableError("no route")


def test_fetches_are_counted_with_their_time(scrape: Scrape, hugging_face: Source, committed: Any) -> None:
    with committed(), fetch_log.record_attempt(hugging_face, TODAY) as run:
        run.status, run.new = run.Status.OK, 5
    with committed(), fetch_log.record_attempt(hugging_face, TODAY):
        _fail()
    found = scrape()
    of = (str(hugging_face.pk), "ok", hugging_face.name)
    assert values(found["dailypapers_fetch_duration_seconds"], "_count")[of] == 1
    assert values(found["dailypapers_fetched_papers"], "_total")[of] == 5
    assert values(found["dailypapers_fetch_duration_seconds"], "_count")[of[0], "unreachable", of[2]] == 1
    last, good = (
        "dailypapers_source_last_fetch_timestamp_seconds",
        "dailypapers_source_last_success_timestamp_seconds",
    )
    assert values(found[last])[of[::2]] > values(found[good])[of[::2]]


def test_tasks_are_counted_with_their_time(scrape: Scrape, committed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with committed():
        tasks.watch_rates.apply()
        monkeypatch.setattr(reputation_guard, "pause_if_harmful", lambda **_: 1 / 0)
        tasks.watch_rates.apply()
    counts = values(scrape()["dailypapers_task_duration_seconds"], "_count")
    assert counts == {("ok", "digest.tasks.watch_rates"): 1, ("failed", "digest.tasks.watch_rates"): 1}


def test_a_counter_adds_up_over_processes_and_long_labels_fit(db: None, committed: Any) -> None:
    of = counters.labels(source="ü" * 1000, result="ok")
    for _ in range(3):
        with committed():
            counters.add({("fetches", of): 1.5})
    row = MetricCounter.objects.get()
    assert row.value == 4.5
    ((labels, value),) = counters.read()["fetches"]
    assert labels["result"] == "ok"
    assert set(labels["source"]) == {"ü"}
    assert value == 4.5


def test_a_broker_that_is_down_costs_no_more_than_its_own_numbers(scrape: Scrape, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    found = scrape()
    assert values(found["dailypapers_broker_up"])[()] == 0
    assert not found["dailypapers_broker_queue_size"].samples
    assert "dailypapers_papers" in found


def test_it_counts_the_tasks_that_wait_in_the_broker(scrape: Scrape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "is_in_memory", lambda: False)
    monkeypatch.setattr(broker, "depths", lambda: {"tick": 0, "send": 3})
    found = scrape()
    assert values(found["dailypapers_broker_up"])[()] == 1
    assert values(found["dailypapers_broker_queue_size"]) == {("tick",): 0, ("send",): 3}


def test_the_number_of_queries_does_not_depend_on_the_data(scrape: Scrape, edition: Edition) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            list(families.collect(now=NOW + dt.timedelta(days=1)))
        return len(captured)

    before = queries()
    queue_readers(edition, 30)
    assert queries() == before <= 22


def test_a_very_long_queue_is_counted_in_shards(db: None, edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_readers(edition, 5)
    monkeypatch.setattr(families, "EXACT", 2)
    monkeypatch.setattr(families._up_to, "__defaults__", (2,))
    assert families._queued() == 5


def test_it_counts_the_processes_that_live_and_what_is_wrong(scrape: Scrape) -> None:
    heartbeats.record(Heartbeat.Kind.BEAT, "beat@a")
    heartbeats.record(Heartbeat.Kind.WEB, "web@a")
    Heartbeat.objects.filter(kind="web").update(at=timezone.now() - dt.timedelta(minutes=5))
    incidents.begin("beat", "The scheduler is silent", "Start it.", now=timezone.now())
    found = scrape()
    assert values(found["dailypapers_processes"]) == {("beat",): 1, ("worker",): 0, ("web",): 0}
    assert {kind for (kind,) in values(found["dailypapers_last_heartbeat_timestamp_seconds"])} == {"beat", "web"}
    assert min(values(found["dailypapers_free_disk_bytes"]).values()) > 1e6
    assert max(values(found["dailypapers_clock_skew_seconds"]).values()) < 400
    assert values(found["dailypapers_open_incidents"])[()] == 1
