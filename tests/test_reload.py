"""Upgrades without an error answered: gunicorn reloads while requests come in."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.ports import free_port
from config import clean_env

ROOT = Path(__file__).resolve().parent.parent
REQUESTS = 400
RELOADS = 2
LOADERS = 4


@contextmanager
def gunicorn(var: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the web server with the settings of deploy/, and yield it with its address."""
    bind = f"127.0.0.1:{free_port()}"
    environment = clean_env.environment() | {"VAR_DIR": str(var), "BIND": bind, "WEB_CONCURRENCY": "2"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "config.wsgi"]
    with (var / "log").open("wb") as log:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield started, f"http://{bind}"
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(60)


def wait_for(address: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")


@pytest.mark.slow
def test_a_reload_answers_every_request(tmp_path: Path) -> None:
    """Load pages in a closed loop, and send SIGHUP meanwhile, as `systemctl reload papers-web` does."""
    answers: Counter[str] = Counter()
    reloaded = threading.Event()

    def load() -> None:
        while sum(answers.values()) < REQUESTS or not reloaded.is_set():
            try:
                answers[str(httpx.get(f"{address}/topics/", timeout=60).status_code)] += 1
            except httpx.TransportError as error:
                answers[type(error).__name__] += 1

    with gunicorn(tmp_path) as (started, address):
        wait_for(f"{address}/healthz")
        loaders = [threading.Thread(target=load) for _ in range(LOADERS)]
        for loader in loaders:
            loader.start()
        for number in range(1, RELOADS + 1):
            while sum(answers.values()) < number * REQUESTS // (RELOADS + 2):
                time.sleep(0.05)
            started.send_signal(signal.SIGHUP)
        while (tmp_path / "log").read_text().count("Worker exiting") < 2 * RELOADS:
            time.sleep(0.2)
        reloaded.set()
        for loader in loaders:
            loader.join()
    print(f"{answers} during {RELOADS} reloads")
    assert set(answers) == {"200"}, answers
    assert answers["200"] >= REQUESTS
