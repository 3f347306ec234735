"""python -m tests.chaos [--only killer] [--readers 20000] [--seconds 120] [--kills 300] [--seed N] [--short]"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.ports import free_port
from config import clean_env
from tests.chaos import disk, killer, ledger, provider
from tests.chaos.servers import Postgres, Redis

ROOT = Path(__file__).resolve().parent.parent.parent
WORKERS, PROCESSES, CONNECTIONS = 2, 2, 4
DAY = 86_400  # seconds


class Chaos:
    """The processes of the test, and the faults that are caused."""

    def __init__(self, folder: Path, seed: int, pause: float, *, workers: int = WORKERS, calm: bool = False) -> None:
        """Set everything up. A `calm` mail server causes no faults."""
        folder.mkdir(exist_ok=True)
        self.workers = workers
        self.chance, self.pause, self.done = random.Random(seed), pause, Counter[str]()
        self._folder, self._port = folder, free_port()
        self.postgres, self.redis = Postgres(folder), Redis(folder)
        self.log = folder / "mails.log"
        self.log.touch()
        self.environment = clean_env.environment() | {
            "VAR_DIR": str(folder / "var"),
            "DATABASE_URL": self.postgres.url,
            "CELERY_BROKER_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self._port}",
            "EMAIL_BACKEND": "",
            "SMTP_CONNECTIONS": str(CONNECTIONS),
            "SECRET_KEY": "only-for-chaos",
            "SITE_URL": "http://127.0.0.1:8000",
            "FROM_EMAIL": "Daily Papers <digest@papers.example.org>",
            "POSTAL_ADDRESS": "Example Street 1",
            "SEND_SPREAD_MINUTES": "0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "WARNING",
            "DEBUG": "0",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self.environment, check=True)
        self._start("sink", "tests.chaos.server", str(self._port), str(self.log), str(seed), *["calm"] * calm)

    def start(self) -> None:
        for number in range(self.workers):
            self.start_worker(number)
        self.start_beat(0)
        self.start_web()

    def start_web(self) -> None:
        self._start("web", "tests.chaos.quick", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{free_port()}")

    def start_worker(self, number: int, shift: float = 0) -> None:
        celery = ("celery", "-A", "config", "worker", "--without-mingle", "--without-gossip")
        options = ("-c", str(PROCESSES), "-n", f"w{number}@%h", "-l", "ERROR")
        self._start(f"worker{number}", "tests.chaos.quick", *celery, *options, shift=shift)

    def start_beat(self, number: int, shift: float = 0) -> None:
        self._start(f"beat{number}", "tests.chaos.quick", "celery", "-A", "config", "beat", "-l", "ERROR", shift=shift)

    def cause_fault(self) -> None:
        """Cause one fault at random, and wait for a moment."""
        number, shift = self.chance.randrange(self.workers), self.chance.choice((-DAY, DAY))
        faults: dict[str, tuple[int, Callable[[], None]]] = {
            "worker killed": (60, lambda: self.start_worker(number)),
            "beat killed": (8, lambda: self.start_beat(0)),
            "web killed": (4, self.start_web),
            "redis restarted": (5, self.redis.restart),
            "redis flushed": (5, self.redis.flush),
            "postgres restarted": (5, lambda: self.postgres.restart(self.chance.choice(("fast", "immediate")))),
            "a second beat": (4, lambda: self.start_beat(1)),
            "a worker's clock a day off": (5, lambda: self.start_worker(number, shift)),
            "a beat's clock a day off": (4, lambda: self.start_beat(0, shift)),
            "mail server refuses all": (5, self.refuse_for_a_moment),
        }
        (name,) = self.chance.choices(list(faults), [weight for weight, _ in faults.values()])
        faults[name][1]()
        self.done[name] += 1
        time.sleep(self.chance.uniform(0.3, 1.7) * self.pause)

    def refuse_for_a_moment(self) -> None:
        off = self.log.with_suffix(".off")
        off.touch()
        time.sleep(2)
        off.unlink()

    def taken(self) -> list[ledger.Taken]:
        """Return the emails that the mail server has accepted so far."""
        return ledger.read(self.log.read_text().splitlines())

    def heal(self) -> None:
        """Restart everything, without faults and with correct clocks."""
        self.kill("beat1", counts=False)
        self.start()

    def kill(self, name: str, *, counts: bool = True) -> None:
        """Kill the process and all its children with `kill -9`."""
        process = self._processes.pop(name, None)
        if process is not None:
            self.done["kill -9"] += counts
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def end(self) -> None:
        for name in list(self._processes):
            self.kill(name, counts=False)
        self.redis.stop()
        self.postgres.stop()

    def _start(self, name: str, *command: str, shift: float = 0) -> None:
        self.kill(name)
        with (self._folder / "log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.environment | {"CHAOS_SHIFT": str(shift)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=sys.modules["tests.chaos"].__doc__)
    parser.add_argument("--readers", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=120, help="for which faults are caused")
    parser.add_argument("--kills", type=int, default=100, help="how many times the killer kills a whole worker")
    parser.add_argument("--only", choices=["killer"], help="run only this part")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--short", action="store_true", help="1,500 readers, 12 seconds, 8 kills, seed 1")
    options = parser.parse_args()
    if options.short:
        options.readers, options.seconds, options.kills, options.seed = 1_500, 12, 8, 1
    if options.only == "killer":
        return _kill_workers(options)
    return _do_everything(options)


def _do_everything(options: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    chaos = Chaos(folder, options.seed, pause=0.7 if options.short else 1.5)
    try:
        failed = _run(chaos, options)
        for name in provider.CASES:
            failed = _call(name, folder / name, chaos.environment, options) or failed
        failed = _fill_the_disk(folder / "disk", chaos.environment) or failed
    finally:
        chaos.end()
        shutil.rmtree(folder, ignore_errors=True)
    # The killer needs its own database, and so its own process.
    again = [sys.executable, "-m", "tests.chaos", "--only", "killer", *sys.argv[1:], "--seed", str(options.seed)]
    return subprocess.run(again, cwd=ROOT).returncode or failed


def _kill_workers(options: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    chaos = Chaos(folder, options.seed, pause=0, workers=killer.WORKERS, calm=True)
    os.environ |= chaos.environment
    from tests.chaos.crowd import Crowd

    try:
        crowd = Crowd(options.readers, chaos.chance)
        chaos.start()
        result = killer.run(crowd, chaos.start_worker, chaos.taken, kills=options.kills, chance=chaos.chance)
    finally:
        chaos.end()
        shutil.rmtree(folder, ignore_errors=True)
    verdict, most = result.verdict, result.kills * PROCESSES * CONNECTIONS
    failed = verdict.repeated > most or any(
        (
            verdict.lost,
            verdict.unknown,
            verdict.other_ids,
            verdict.after_leaving,
            verdict.unfinished,
            verdict.statuses.get("failed"),
            verdict.statuses.get("given up"),
        )
    )
    print(json.dumps(result.figures(), indent=2))
    print("FAILED" if failed else "All is well.", f"Again with --only killer --seed {options.seed}.")
    return int(failed)


def _run(chaos: Chaos, options: argparse.Namespace) -> int:
    os.environ |= chaos.environment
    from tests.chaos.crowd import Crowd

    crowd = Crowd(options.readers, chaos.chance)
    chaos.start()
    ends_at = time.monotonic() + options.seconds
    while time.monotonic() < ends_at and crowd.is_waiting():
        chaos.cause_fault()
        crowd.let_some_leave()
    chaos.heal()
    crowd.wait_until_all_is_done(180)
    taken = chaos.taken()
    verdict = ledger.check(taken, crowd.statuses(), crowd.left)
    return _report(verdict, chaos.done, options, len(taken))


def _call(name: str, folder: Path, environment: dict[str, str], options: argparse.Namespace) -> int:
    size = {"kills": 4, "readers": 800} if options.short else {"kills": 12, "readers": 2000}
    kills, verdict = provider.run(name, folder, environment, seed=options.seed, **size)
    failed = not kills or any((verdict.lost, verdict.unknown, verdict.unfinished, verdict.repeated))
    print(f"By {name}, {kills} kills, UNCERTAIN_MAILS={provider.CASES[name]}:", end=" ")
    print(f"{len(verdict.lost)} lost, {verdict.repeated} repeated, {len(verdict.unfinished)} unfinished,", end=" ")
    print(f"{verdict.statuses.get('uncertain', 0)} uncertain.", "FAILED" if failed else "All is well.")
    return int(failed)


def _fill_the_disk(folder: Path, environment: dict[str, str]) -> int:
    tries, verdict = disk.run(folder, environment)
    failed = (
        not tries or any((verdict.lost, verdict.unknown, verdict.unfinished)) or verdict.repeated > tries * CONNECTIONS
    )
    print(f"Disk full on SQLite, {tries} times: {len(verdict.lost)} lost, {verdict.repeated} repeated,", end=" ")
    print(f"{len(verdict.unfinished)} unfinished.", "FAILED" if failed else "All is well.")
    return int(failed)


def _report(verdict: ledger.LedgerVerdict, done: "Counter[str]", options: argparse.Namespace, taken: int) -> int:
    kills, most = done["kill -9"], (done["kill -9"] + WORKERS) * PROCESSES * CONNECTIONS
    figures = {
        "seed": options.seed,
        "kills": kills,
        "done": dict(done),
        "taken": taken,
        "lost": len(verdict.lost),
        "recorded_otherwise": len(verdict.unknown),
        "repeated": verdict.repeated,
        "of_those_unanswered": verdict.excused,
        "repeated_per_kill": round((verdict.repeated - verdict.excused) / max(kills, 1), 2),
        "with_another_message_id": verdict.other_ids,
        "after_unsubscribe": len(verdict.after_leaving),
        "unfinished": len(verdict.unfinished),
        "statuses": verdict.statuses,
    }
    print(json.dumps(figures, indent=2))
    bad = [verdict.lost, verdict.unknown, verdict.other_ids, verdict.after_leaving, verdict.unfinished]
    failed = any(bad) or verdict.repeated - verdict.excused > most
    print("FAILED" if failed else "All is well.", f"Again with --seed {options.seed}.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
