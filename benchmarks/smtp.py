"""The rate of sending from the queue to an SMTP server, compared with smtp-source, Postfix's load generator.

The worker leases shards, checks readers again, writes the journal and records outcomes in the database. Only the
emails are ready-made, 20 KB each. smtp-source sends as many emails of this size over as many connections into the same
smtp-sink. The two take turns, so that other load on the machine affects both.
"""

import datetime as dt
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import scratch, sink

if TYPE_CHECKING:
    from digest.delivery.transports import Mail
    from digest.email.batch.composer import DueDelivery

READERS = 10_000
ROUNDS = 5
CONNECTIONS = 4
SIZE = 20_480  # bytes


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return the emails a second of our worker and of smtp-source (medians), and the median of their ratios."""
    sink.tool("smtp-source")
    return scratch.measure(f"smtp.measure({max(int(READERS * scale), 1_000)})")


def measure(readers: int) -> dict[str, Any]:
    from django.test.utils import override_settings

    ours, theirs, cpu = [], [], []
    with sink.running() as port:
        address = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port, "SMTP_CONNECTIONS": CONNECTIONS}
        with override_settings(**address):
            for number in range(ROUNDS):
                _queue(readers, number)
                used = time.process_time()
                ours.append(_send(readers))
                cpu.append((time.process_time() - used) / readers * 1e6)
                theirs.append(_source(readers, port))
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return {
        "rate": round(median(ours)),
        "smtp_source_rate": round(median(theirs)),
        "ratio": round(median(ratios), 2),
        "cpu_us_per_mail": round(median(cpu), 1),
        "connections": CONNECTIONS,
        "mails": readers * ROUNDS,
    }


class _Ready:
    """A replacement for the composer that returns ready-made emails."""

    def __init__(self) -> None:
        self._head = b"From: papers@example.org\r\nSubject: Papers\r\nMessage-ID: <%d@example.org>\r\n\r\n"
        line = b"A line of a usual length in a digest, as quoted-printable text has them by the hundred.\r\n"
        self._body = line * (SIZE // len(line))

    def make(self, rows: "Iterable[DueDelivery]") -> "Iterator[Mail]":
        from digest.delivery.transports import Mail

        for row in rows:
            message = self._head % row.delivery_id + self._body
            yield Mail(row.delivery_id, f"r{row.subscriber_id}@example.org", "papers@example.org", message, {"of": 40})


def _queue(readers: int, number: int) -> None:
    from benchmarks import readers as crowd
    from digest.delivery import planner
    from digest.models import Edition

    now = dt.datetime.now(dt.UTC)
    crowd.make(readers)
    edition = Edition.objects.create(day=now.date() - dt.timedelta(days=number + 7), published_at=now, closed_at=now)
    planner.plan_everyone(edition, now=now)


def _send(readers: int) -> float:
    from django.utils import timezone

    from digest.delivery import shard_worker, shards
    from digest.delivery.journal import Journal
    from digest.delivery.transports.smtp import SmtpTransport
    from digest.models import Delivery

    expected = Delivery.objects.filter(status="queued").count()
    journal = Journal(Path(shard_worker.journals()))
    worker = shard_worker.Worker(journal, SmtpTransport(), _Ready())
    began = time.perf_counter()
    while shard := shards.take(worker.name, now=timezone.now()):
        worker.send(shard, lambda: False, lambda ended: None)
    took = time.perf_counter() - began
    worker.close()
    journal.close()
    sent = Delivery.objects.filter(status="sent").count()
    if sent != expected:
        raise RuntimeError(f"{sent} of {expected} emails were sent.")
    return sent / took


def _source(readers: int, port: int) -> float:
    options = ["-d", "-s", str(CONNECTIONS), "-l", str(SIZE), "-m", str(readers), "-f", "papers@example.org"]
    began = time.perf_counter()
    subprocess.run([sink.tool("smtp-source"), *options, "-t", "r@example.org", f"127.0.0.1:{port}"], check=True)
    return readers / (time.perf_counter() - began)
