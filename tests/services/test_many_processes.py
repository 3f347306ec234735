"""Worker, beat and web server as separate processes, on PostgreSQL and Redis."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from django.core import mail
from django.db import connection
from django.utils import timezone

from benchmarks import readers
from benchmarks.ports import free_port
from digest import papers, tasks
from digest.delivery import planner, shard_worker, shards
from digest.editions import publication
from digest.models import Delivery, Shard, Source
from subscriptions.models import Subscriber
from tests.conftest import make_record, stamped

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parent.parent.parent
READERS = 150
WORKERS = 2
SEND_RATE = "40/s"  # so that emails are left to send when a worker is stopped amid its work
BEAT_STARTS_AT = 45  # the second of the minute on beat's clock


@contextmanager
def process(*command: str, var: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m command` on the test's database and broker, with its files in `var`. Kill it at the end."""
    db = connection.settings_dict
    address = f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
    environment = os.environ | {"DATABASE_URL": address, "VAR_DIR": str(var), "PYTHONUNBUFFERED": "1", **variables}
    with (var / "log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield started
    finally:
        kill(started)


def worker(var: Path, **variables: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    command = ("celery", "-A", "config", "worker", "--concurrency", str(WORKERS), "-l", "WARNING")
    return process(*command, var=var, **variables)


def kill(started: subprocess.Popen[bytes]) -> None:
    """Kill the process and all its children with `kill -9`."""
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def wait_until(true: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def tick_until(true: Callable[[], bool]) -> None:
    """Start the sending task again and again, as beat does, because a task may be lost with its worker."""
    started_at = 0.0

    def tick() -> bool:
        nonlocal started_at
        if time.monotonic() - started_at > 2:
            started_at = time.monotonic()
            tasks.send_due_digests.delay()
        return true()

    wait_until(tick)


def mails(var: Path) -> Counter[str]:
    """Return how many emails each reader has in the outbox."""
    return Counter(path.name.split("-")[1] for path in (var / "outbox").glob("*.eml"))


def waiting(queue: str) -> set[str]:
    """Return the tasks that no worker has taken from the queue yet."""
    broker = redis.Redis.from_url(os.environ["CELERY_BROKER_URL"], decode_responses=True)
    return {json.loads(message)["headers"]["task"] for message in broker.lrange(queue, 0, -1)}


@pytest.fixture(autouse=True)
def empty_broker() -> None:
    redis.Redis.from_url(os.environ["CELERY_BROKER_URL"]).flushdb()


@pytest.fixture
def due() -> None:
    """An edition that was published two hours ago, and readers who have become due since."""
    source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, key="")
    then = timezone.now() - dt.timedelta(hours=2)
    papers.ingest(source, [make_record("2608.00001", "Agents", day=then.date())], then.date())
    publication.publish(then.date(), now=then)
    hour = (then + dt.timedelta(hours=1)).hour
    readers.make(READERS, send_hour=str(hour), frequency="'daily'", time_zone="'UTC'")


@pytest.mark.usefixtures("due")
def test_it_loses_no_reader_when_a_worker_is_killed(tmp_path: Path) -> None:
    with worker(tmp_path, SEND_RATE=SEND_RATE) as first:
        tick_until(lambda: len(mails(tmp_path)) > READERS // 5)
        kill(first)
    assert len(mails(tmp_path)) < READERS
    with worker(tmp_path):
        tick_until(lambda: Delivery.objects.filter(status=Delivery.Status.SENT).count() == READERS)
    received = mails(tmp_path)
    assert len(received) == READERS
    assert sum(received.values()) - READERS <= WORKERS  # each worker process had at most one email in flight


@pytest.mark.usefixtures("due")
def test_a_worker_sends_what_waits_as_soon_as_it_starts(tmp_path: Path) -> None:
    planner.plan_due(now=timezone.now())
    with worker(tmp_path):  # without a scheduler
        wait_until(lambda: len(mails(tmp_path)) == READERS)


@pytest.mark.usefixtures("due")
def test_it_gives_its_shard_back_at_a_graceful_shutdown(tmp_path: Path) -> None:
    with worker(tmp_path, SEND_RATE=SEND_RATE) as first:
        tick_until(lambda: len(mails(tmp_path)) > READERS // 5)
        first.terminate()
        first.wait(timeout=120)
    sent = Delivery.objects.filter(status=Delivery.Status.SENT).count()
    assert READERS // 5 < sent < READERS
    assert sent == len(mails(tmp_path))
    assert not Shard.objects.exclude(worker="").exists()
    assert list((tmp_path / "journals").iterdir()) == []


@pytest.mark.usefixtures("due")
def test_four_workers_at_once_send_each_digest_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(shards, "SIZE", 10)
    planner.plan_due(now=timezone.now())

    def work() -> int:
        sent = shard_worker.send_due()
        connection.close()
        return sent

    with ThreadPoolExecutor(4) as pool:
        sent = [future.result() for future in [pool.submit(work) for _ in range(4)]]
    assert sum(sent) == len(mail.outbox) == READERS
    assert len({message.to[0] for message in mail.outbox}) == READERS


def test_beat_starts_the_sending_task(tmp_path: Path) -> None:
    # It sends at each full minute. Its clock runs ahead, so that there is one soon.
    ahead = (BEAT_STARTS_AT - timezone.now().second) % 60
    with process("tests.services.shifted_beat", str(ahead), var=tmp_path):
        wait_until(lambda: "digest.tasks.send_due_digests" in waiting("tick"))


@pytest.mark.usefixtures("due")
def test_it_serves_pages_and_sign_ups_by_gunicorn(tmp_path: Path) -> None:
    port = free_port()
    site = f"http://127.0.0.1:{port}"

    def is_up() -> bool:
        try:
            return httpx.get(f"{site}/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    with process("gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", var=tmp_path), worker(tmp_path):
        wait_until(is_up)
        assert "Agents" in httpx.get(site).text
        answer = httpx.post(f"{site}/subscribe/", data={"email": "new@example.org", "stamp": stamped()})
        assert answer.status_code == 202
        wait_until(lambda: mails(tmp_path) == {"new@example.org": 1})
    assert Subscriber.objects.get(email="new@example.org").status == Subscriber.Status.PENDING
