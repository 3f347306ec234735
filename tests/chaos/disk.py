"""A test with SQLite: the disk becomes full while digests are sent, and later has space again.

A limit on the size of files makes the disk seem full to a process, sooner or later.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from config import clean_env
from tests.chaos import ledger
from tests.chaos.ledger import LedgerVerdict, Taken
from tests.sink import Received, Sink

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = 1_000
SPACES = (40_000, 150_000, 300_000, 500_000, 700_000)  # bytes
SET_UP = "from tests.chaos.crowd import Crowd; import random; Crowd({readers}, random.Random(1))"
PRINT_STATUSES = "from tests.chaos.crowd import Crowd; import json; print(json.dumps(Crowd.statuses()))"


def run(folder: Path, environment: dict[str, str]) -> tuple[int, LedgerVerdict]:
    """Return how often a process failed because the disk was full, and the verdict on all emails."""
    taken: list[Taken] = []

    def keep(mail: Received) -> None:
        taken.append(Taken(mail.began_at, mail.began_at, mail.message_id, mail.recipient, is_answered=True))

    folder.mkdir()
    with Sink(keep=keep, remembers=False) as sink:
        environment = environment | {
            "VAR_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "CELERY_BROKER_URL": "memory://",
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        }
        _python(environment, "manage.py", "migrate", "-v0")
        _python(environment, "-c", SET_UP.format(readers=READERS))
        send = ("-c", "import django; django.setup()\nfrom digest import tasks\ntasks.send_due_digests.run()\n"
                "tasks.send_shards.run()")  # fmt: skip
        failed = sum(_python(environment, *send, space=space) != 0 for space in SPACES)
        _python(environment, *send)
        printed = subprocess.run(
            [sys.executable, "-c", PRINT_STATUSES], cwd=ROOT, env=environment, capture_output=True, check=True
        )
    return failed, ledger.check(taken, json.loads(printed.stdout.splitlines()[-1]), {})


def _python(environment: dict[str, str], *arguments: str, space: int = resource.RLIM_INFINITY) -> int:
    """Run Python and return its exit status, which is 0 unless the `space` (bytes) is limited."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (space, space))

    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, preexec_fn=limit, stderr=subprocess.DEVNULL)
    if space == resource.RLIM_INFINITY and done.returncode:
        raise RuntimeError(f"{arguments} ended with {done.returncode}")
    return done.returncode


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        print(run(Path(name) / "disk", clean_env.environment()))
