"""Drills of restoring: an older database comes back while emails have left, or a process has another key."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from config import clean_env
from tests.chaos.__main__ import Chaos
from tests.drills.registry import Context, Outcome, drill

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 60.0  # seconds
SEND_RATE = "50/s"  # so that emails are left to send while the dump is made


@drill("a dump mid-run is restored")
def dump_mid_run(context: Context) -> Outcome:
    """Restore by PostgreSQL's own tools a dump made while digests left, and send what is missing."""
    dump = context.folder / "dump"
    return _restore(
        context,
        dump_at=0.5,
        back_up=lambda chaos: _run("pg_dump", "-Fc", "-f", str(dump), chaos.postgres.url),
        restore=lambda chaos: _run("pg_restore", "--clean", "--if-exists", "-d", chaos.postgres.url, str(dump)),
        settle=("send_missing",),
    )


@drill("a backup of before a run is restored")
def backup_before_run(context: Context) -> Outcome:
    """Go back, as after a bad upgrade, to a backup made before any digest left, and count them as sent."""
    archive = str(context.folder / "backup.tar.gz")
    return _restore(
        context,
        dump_at=0,
        back_up=lambda chaos: _manage(chaos.environment, "backup", archive),
        restore=lambda chaos: _manage(chaos.environment, "restore", archive, "--replace"),
        settle=("count_as_sent",),
    )


@drill("a process has another key")
def wrong_key(context: Context) -> Outcome:
    """Start each kind of process with another SECRET_KEY: it must stop and say how to carry the old one over."""
    folder = context.folder
    right = clean_env.environment() | {
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "POSTAL_ADDRESS": "Street 1",
    }
    _manage(right, "migrate", "-v0")
    _manage(right, "keys")
    wrong = right | {"SECRET_KEY": "another"}
    began_at = time.monotonic()
    commands = (
        ("gunicorn", "config.wsgi", "--bind", f"unix:{folder}/socket"),
        ("celery", "-A", "config", "worker", "-P", "solo"),
        ("celery", "-A", "config", "beat"),
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT, env=wrong, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        if not done.returncode or "SECRET_KEY is not the one" not in done.stderr:
            return Outcome(failed=f"{command[0]} started with another key")
    alerted_at = time.monotonic()
    old = (folder / "var" / "secret_key").read_text()
    _manage(right | {"SECRET_KEY": "another", "SECRET_KEY_FALLBACKS": old, "ADDRESS_HASH_KEY": old}, "keys")
    return Outcome(alerted_at - began_at, time.monotonic() - alerted_at, note="three processes refused")


def _restore(
    context: Context,
    *,
    dump_at: float,
    back_up: Callable[[Chaos], object],
    restore: Callable[[Chaos], object],
    settle: tuple[str, ...],
) -> Outcome:
    """Back up when a share `dump_at` of the emails has left, let the rest leave, restore, and settle."""
    count = 300 if context.is_short else 1_000
    for folder in (context.folder, context.folder.parent):
        folder.chmod(0o711)  # PostgreSQL runs as another user
    chaos = Chaos(context.folder / "site", 1, pause=0, workers=1, calm=True)
    chaos.environment["SEND_RATE"] = SEND_RATE
    os.environ |= chaos.environment
    from tests.chaos.crowd import Crowd

    try:
        crowd = Crowd(count, random.Random(1))
        _manage(chaos.environment, "keys")  # it makes the row that names the installation
        if not dump_at:
            back_up(chaos)
        chaos.start_worker(0)
        chaos.start_beat(0)
        if dump_at:
            _wait(lambda: len(chaos.taken()) >= dump_at * count)
            back_up(chaos)
            if len(chaos.taken()) >= count:
                return Outcome(failed="all emails had left before the dump was made")
        crowd.wait_until_all_is_done(TIMEOUT)
        if len(chaos.taken()) < count:
            return Outcome(failed=f"only {len(chaos.taken())} of {count} emails left before the restore")
        # The database is lost, and the older one comes back.
        _stop(chaos)
        restore(chaos)
        chaos.start_worker(0)
        chaos.start_beat(0)
        restored_at = time.monotonic()
        _wait(_is_paused)
        alerted_at = time.monotonic()
        forgotten = crowd.waiting()
        time.sleep(5)
        _manage(chaos.environment, *settle)
        settled_at = time.monotonic()
        crowd.wait_until_all_is_done(TIMEOUT)
        time.sleep(3)
        got = Counter(mail.recipient for mail in chaos.taken())
        return Outcome(
            alerted_at - restored_at,
            time.monotonic() - settled_at - 3,
            lost=count - len(got),
            twice=sum(got.values()) - len(got),
            note=f"{forgotten} of {count} forgotten, {' '.join(settle)}",
        )
    finally:
        from django.db import connection

        connection.close()
        chaos.end()


def _stop(chaos: Chaos) -> None:
    from django.db import connection

    connection.close()
    for name in ("worker0", "beat0"):
        chaos.kill(name, counts=False)


def _is_paused() -> bool:
    from digest.delivery import pauses

    return pauses.current() is not None


def _wait(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("what the drill waits for did not happen")
        time.sleep(0.1)


def _manage(environment: dict[str, str], *command: str) -> None:
    _run(sys.executable, "manage.py", *command, environment=environment)


def _run(*command: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[:3]} failed: {(done.stderr or done.stdout).strip()[-600:]}")
