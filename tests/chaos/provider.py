"""Workers are killed while they call a provider, which takes calls without saying so, is busy, or breaks off.

With a key, nobody gets a mail twice though it is sent again; without one, nobody does where it is left. The providers
are as strict as the real ones are, and so a delivery that they refused has failed, and counts as lost.
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
from tests.chaos.ledger import Taken, Verdict
from tests.esp import Answer, Esp

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = {"brevo": "resend", "resend": "resend", "mailgun": "leave"}  # what is done with mails in doubt
WORKERS, SECONDS = 2, 120
SENDER = (
    '"Zürich, Papers: täglich" <digest@papers.example.org>'  # strict providers refuse it, unless it is written well
)
# Five papers, a reader follows one of them: five calls for a hundred readers.
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
TELL = "from tests.chaos.crowd import Crowd; import json; print(json.dumps(Crowd.statuses()))"
SHARE = 0.1  # of the calls end in one of these
FAULTS = (
    Answer(429, {"message": "slower"}, {"Retry-After": "0"}),
    Answer(503, {"message": "later"}),
    Answer(502, taken=True),
    Answer(200, {"what": "is this"}, taken=True),
    Answer(drops=True, taken=True),
)


class Told(NamedTuple):
    """How often a worker was killed, and the verdict on all mails."""

    kills: int
    verdict: Verdict


class Moody(Esp):
    """A provider with faults."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance, self.seconds = random.Random(seed), 0.25

    def take(self, provider: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        with self.lock:
            if self._chance.random() < SHARE:
                self.answers.append(self._chance.choice(FAULTS))
        return super().take(provider, path, headers, body)


def run(provider: str, folder: Path, environment: dict[str, str], *, kills: int, seed: int, readers: int) -> Told:
    folder.mkdir()
    with Moody(seed) as esp:
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
        statuses = json.loads(_python(environment, "-c", TELL).splitlines()[-1])
        taken = [Taken(0, 0, "", mail.to, is_answered=True) for mail in esp.taken]
    return Told(done, ledger.check(taken, statuses, {}))


def _send(environment: dict[str, str], chance: random.Random, kills: int) -> int:
    """Send everything, by workers of which one is killed now and then; how many were."""
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
