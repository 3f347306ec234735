"""A whole site on loopback for drills: PostgreSQL, Redis, web, worker, beat, a mail server and a webhook for alerts."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from benchmarks.ports import free_port
from config import clean_env
from tests.chaos import ledger
from tests.chaos.ledger import LedgerVerdict
from tests.chaos.servers import Postgres, Redis
from tests.drills import registry
from tests.drills.registry import Outcome

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 60.0  # seconds; the real limit of an alert is registry.ALERT_WITHIN
PROCESSES, CONNECTIONS = 2, 4
READERS = {True: 200, False: 2000}  # if short or not


class Webhook:
    """The address of ALERT_URL and HEARTBEAT_URL. It keeps the alerts and the pings."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.pings: list[str] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.alerts.append(body | {"at": time.monotonic()})
                self._answer()

            def do_GET(self) -> None:
                hook.pings.append(self.path)
                self._answer()

            def _answer(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def alert_after(self, key: str, since: float, *, seconds: float = TIMEOUT) -> float | None:
        """Wait for an alert that this incident began. Return the seconds from `since` to it, or None."""

        def found() -> float | None:
            for alert in list(self.alerts):
                began = [one for one in alert["incidents"] if one["key"].startswith(key) and not one["ended_at"]]
                if began and alert["at"] >= since:
                    return float(alert["at"] - since)
            return None

        return found() if wait_until(lambda: found() is not None, seconds) else None


class Site:
    """The site. Everything that it started ends with the process of the drill."""

    def __init__(self, folder: Path, *, is_short: bool, **environment: str) -> None:
        self.folder, self.readers = folder, READERS[is_short]
        self.webhook, self.log, self._mail_port = Webhook(), folder / "mails.log", free_port()
        self.web_port = free_port()
        self.postgres, self.redis = Postgres(folder), Redis(folder)
        registry.CLEAN_UP.callback(self.end)
        self.log.touch()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._editions = 0
        self.environment = clean_env.environment() | {
            "VAR_DIR": str(folder / "var"),
            "DATABASE_URL": self.postgres.url,
            "CELERY_BROKER_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self._mail_port}",
            "SMTP_CONNECTIONS": str(CONNECTIONS),
            "ALERT_URL": f"json+{self.webhook.url}/alert",
            "HEARTBEAT_URL": f"{self.webhook.url}/ping",
            "SECRET_KEY": "only-for-drills",
            "SITE_URL": "http://127.0.0.1:8000",
            "FROM_EMAIL": "Daily Papers <digest@papers.example.org>",
            "POSTAL_ADDRESS": "Example Street 1",
            "HUGGINGFACE_URL": "http://127.0.0.1:9",
            "SEND_SPREAD_MINUTES": "0",
            "MATCH_BY_MEANING": "0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            "DEBUG": "0",
            **environment,
        }
        self.manage("migrate", "-v0")
        self._launch("mail", "tests.chaos.server", str(self._mail_port), str(self.log), "1", "calm")
        os.environ |= self.environment
        import django

        django.setup()
        self._add_readers()
        for name in ("web", "worker", "beat"):
            self.start(name)
        if not self.wait_until_ready():
            raise TimeoutError(f"The site is not ready after {TIMEOUT:g} seconds: {self._ends_of_logs()}")

    def manage(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=True)

    def start(self, name: str, shift: float = 0, **environment: str) -> subprocess.Popen[bytes]:
        """Start web, worker or beat, with a clock that is `shift` seconds wrong."""
        worker = ("worker", "--without-mingle", "--without-gossip", "-c", str(PROCESSES), "-n", f"{name}@%h")
        commands = {
            "web": ("gunicorn", "config.wsgi", "--workers", "2", "--bind", f"127.0.0.1:{self.web_port}"),
            "beat": ("celery", "-A", "config", "beat", "-l", "WARNING"),
        }
        command = commands.get(name, ("celery", "-A", "config", *worker, "-l", "WARNING"))
        return self._launch(name, "tests.drills.quick", *command, CHAOS_SHIFT=str(shift), **environment)

    def kill(self, name: str) -> None:
        """Kill the process and all its children with `kill -9`."""
        process = self._processes.pop(name, None)
        if process is not None:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def is_running(self, name: str) -> bool:
        return self._processes[name].poll() is None

    def status(self, path: str) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{self.web_port}{path}", timeout=15).status_code
        except httpx.HTTPError:
            return 0

    def reasons(self) -> list[str]:
        """Return why /readyz says that the site is not ready."""
        answer = httpx.get(f"http://127.0.0.1:{self.web_port}/readyz", timeout=15)
        return [reason["key"] for reason in answer.json()["reasons"]]

    def wait_until_ready(self, seconds: float = TIMEOUT) -> bool:
        return wait_until(lambda: self.status("/readyz") == 200, seconds)

    def publish(self) -> "Run":
        """Publish an edition that is due for all readers now."""
        from digest import papers
        from digest.editions import publication
        from digest.models import Edition, Source
        from tests.conftest import make_record

        now = dt.datetime.now(dt.UTC)
        day = now.date() - dt.timedelta(days=3 + self._editions)
        self._editions += 1
        numbers = range(10 * self._editions, 10 * self._editions + 5)
        records = [make_record(f"2608.{n:05}", f"Paper {n} on Agents", votes=n, day=day) for n in numbers]
        source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, key="")
        papers.ingest(source, records, day)
        edition = publication.publish(day, now=now).edition
        if edition is None:
            raise RuntimeError(f"There is no edition of {day}.")
        run = Run(self, edition.pk, len(self.log.read_text().splitlines()))
        Edition.objects.filter(pk=edition.pk).update(send_after=now - dt.timedelta(hours=2))
        return run

    def end(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        self.redis.stop()
        self.postgres.stop()

    def _ends_of_logs(self) -> str:
        return "\n".join(f"{log.name}: {log.read_text()[-500:]}" for log in self.folder.glob("*.log"))

    def _add_readers(self) -> None:
        from benchmarks import readers
        from subscriptions.models import Subscriber

        readers.make(self.readers)
        hour = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).hour
        Subscriber.objects.update(frequency="daily", time_zone="UTC", send_hour=hour, mail_quiet_days=True)

    def _launch(self, name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        self.kill(name)
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._processes[name]


class Run:
    """The emails of one edition."""

    def __init__(self, site: Site, edition: int, before: int) -> None:
        self._site, self._edition, self._before = site, edition, before

    def taken(self) -> list[ledger.Taken]:
        return ledger.read(self._site.log.read_text().splitlines()[self._before :])

    def is_over(self) -> bool:
        from digest.models import Delivery

        rows = Delivery.objects.filter(edition=self._edition)
        return rows.count() == self._site.readers and not rows.filter(status="queued").exists()

    def wait(self, seconds: float = TIMEOUT) -> bool:
        return wait_until(lambda: retrying(self.is_over), seconds)

    def verdict(self, taken: list[ledger.Taken] | None = None) -> LedgerVerdict:
        from digest.models import Delivery

        rows = Delivery.objects.filter(edition=self._edition).values_list("subscriber__email", "status")
        return ledger.check(self.taken() if taken is None else taken, dict(rows), {})


def wait_until(is_true: Callable[[], bool], seconds: float) -> bool:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if is_true():
            return True
        time.sleep(0.1)
    return False


def retrying(ask: Callable[[], bool]) -> bool:
    """Return the answer of the database, or False while it is down."""
    from django.db import DatabaseError, InterfaceError, connection

    try:
        return ask()
    except (DatabaseError, InterfaceError):
        connection.close()
        return False


def outcome(alert: float | None, since: float, run: Run, *, may_repeat: int = 0, failed: str = "") -> Outcome:
    """Wait until the run is over and the site is ready again. Return the outcome of the drill.

    `may_repeat` emails were in hand when a worker was killed. They may come again, with the same Message-ID.
    """
    site = run._site
    is_over = run.wait() and site.wait_until_ready()
    after = time.monotonic() - since if is_over else None
    verdict = run.verdict()
    twice = max(verdict.repeated - may_repeat, verdict.other_ids)
    note = f"{verdict.repeated} in hand repeated" if verdict.repeated and not twice else ""
    return Outcome(alert, after, len(verdict.lost) + len(verdict.unfinished), twice, note, failed=failed)
