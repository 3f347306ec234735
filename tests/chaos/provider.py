"""Workers are killed while they call a provider that is busy, drops connections, or accepts calls without an answer.

With an idempotency key no reader gets an email twice, even if it is sent again. Without a key no reader does if
uncertain emails are left. The providers are as strict as the real ones, so a delivery that they refuse has failed and
counts as lost.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from config import clean_env
from tests.chaos import ledger
from tests.chaos.ledger import LedgerVerdict, Taken
from tests.esp import Answer, Esp

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = {"brevo": "resend", "resend": "resend", "mailgun": "leave"}  # UNCERTAIN_MAILS by provider
WORKERS, SECONDS = 2, 120
# Strict providers refuse this sender unless it is quoted correctly.
SENDER = '"Zürich, Papers: täglich" <digest@papers.example.org>'
# There are five papers, and each reader follows one of them. So a hundred readers take five calls.
SET_UP = """
import random
from tests.chaos.crowd import Crowd
Crowd({readers}, random.Random(1))
from django.utils import timezone
from digest.delivery import planner
from digest.delivery import shards
from digest.models import Edition
from subscriptions.models import Subscriber, TopicFilter
shards.SIZE = 100
readers = Subscriber.objects.values_list("pk", flat=True)
TopicFilter.objects.bulk_create([TopicFilter(subscriber_id=pk, words=f"Paper {{pk % 5 + 1}}") for pk in readers])
planner.plan_everyone(Edition.objects.get(), now=timezone.now())
"""
PRINT_STATUSES = "from tests.chaos.crowd import Crowd; import json; print(json.dumps(Crowd.statuses()))"
SHARE = 0.1  # share of the calls that end in one of these faults
FAULTS = (
    Answer(429, {"message": "slower"}, {"Retry-After": "0"}),
    Answer(503, {"message": "later"}),
    Answer(502, taken=True),
    Answer(200, {"what": "is this"}, taken=True),
    Answer(drops=True, taken=True),
)


class ProviderResult(NamedTuple):
    """The number of kills, and the verdict on all emails."""

    kills: int
    verdict: LedgerVerdict


class FaultyEsp(Esp):
    """A provider with faults."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance, self.seconds = random.Random(seed), 0.25

    def take(self, provider: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        with self.lock:
            if self._chance.random() < SHARE:
                self.answers.append(self._chance.choice(FAULTS))
        return super().take(provider, path, headers, body)


def run(
    provider: str, folder: Path, environment: dict[str, str], *, kills: int, seed: int, readers: int
) -> ProviderResult:
    folder.mkdir()
    with FaultyEsp(seed) as esp:
        environment = environment | {
            "VAR_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "CELERY_BROKER_URL": "memory://",
            "EMAIL_PROVIDERS": provider,
            "FROM_EMAIL": SENDER,
            "UNCERTAIN_MAILS": CASES[provider],
            "API_CONNECTIONS": "4",
            "LOG_LEVEL": "ERROR",
            **{f"ANYMAIL_{name}": value for name, value in esp.settings().items() if isinstance(value, str)},
        }
        _python(environment, "manage.py", "migrate", "-v0")
        _python(environment, "-c", SET_UP.format(readers=readers))
        done = _send(environment, random.Random(seed), kills)
        statuses = json.loads(_python(environment, "-c", PRINT_STATUSES).splitlines()[-1])
        taken = [Taken(0, 0, "", mail.to, is_answered=True) for mail in esp.taken]
    return ProviderResult(done, ledger.check(taken, statuses, {}))


def _send(environment: dict[str, str], chance: random.Random, kills: int) -> int:
    """Send everything, and kill a worker from time to time. Return the number of kills."""
    workers = [_worker(environment) for _ in range(WORKERS)]
    done, deadline = 0, time.monotonic() + SECONDS
    while any(worker.poll() is None for worker in workers) and time.monotonic() < deadline:
        time.sleep(chance.uniform(0.5, 2))
        number = chance.randrange(WORKERS)
        if workers[number].poll() is None and done < kills:
            workers[number].kill()
            workers[number].wait()
            workers[number], done = _worker(environment), done + 1
    for worker in workers:
        worker.kill()
        worker.wait()
    return done


def _worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.chaos.quick", "send"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)


def _python(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    ).stdout


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            print(case, run(case, Path(name) / case, clean_env.environment(), kills=8, seed=1, readers=2000))
