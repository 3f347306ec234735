"""Web, worker and beat in one process, as `make run` starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.ports import free_port
from tests.conftest import stamped
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "http://127.0.0.1:9"


def environment(var: Path, port: int, upstream: str = NOWHERE) -> dict[str, str]:
    own = {"VAR_DIR": str(var), "PORT": str(port), "HUGGINGFACE_URL": upstream, "DEBUG": "1"}
    defaults = ("DATABASE_URL", "CELERY_BROKER_URL", "SITE_URL")
    return {name: value for name, value in os.environ.items() if name not in defaults} | own


@contextmanager
def running(
    var: Path, port: int, upstream: str = NOWHERE, command: str = "allinone"
) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=environment(var, port, upstream),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def page(started: subprocess.Popen[str], url: str, until: str, seconds: float = 180) -> str:
    """Return the page as soon as it contains `until`."""
    deadline = time.monotonic() + seconds
    text = ""
    while time.monotonic() < deadline:
        assert started.poll() is None, f"it has ended:\n{started.communicate()[0]}"
        try:
            text = httpx.get(url).text
        except httpx.HTTPError:
            text = ""
        if until in text:
            return text
        time.sleep(0.1)
    raise AssertionError(f"{url} never said {until!r}; last: {text[:500]}")


def stop(started: subprocess.Popen[str]) -> str:
    started.send_signal(signal.SIGINT)
    output, _ = started.communicate(timeout=180)
    assert started.returncode == 0, output
    assert "Traceback" not in output
    return output


def test_it_fetches_serves_signs_up_and_stops(tmp_path: Path) -> None:
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    with Upstream() as upstream:
        paper = {"id": "2608.00001", "title": "Agents at Work", "summary": "They work.", "upvotes": 3}
        upstream.say("/api/daily_papers", json.dumps([{"paper": paper}]))
        with running(tmp_path, port, upstream.url) as started:
            page(started, site, "Agents at Work")
            httpx.post(f"{site}/subscribe/", data={"email": "ada@example.org", "stamp": stamped()})
            page(started, f"{site}/outbox/", "ada@example.org")
            assert "Stopped." in stop(started)
    # A second start finds its data.
    with running(tmp_path, port) as started:
        page(started, site, "Agents at Work")
        stop(started)


def test_it_refuses_a_second_instance_and_a_port_in_use_and_goes_on_without_upstream(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port) as started:
        page(started, f"http://127.0.0.1:{port}/healthz", "ok")
        assert f"already running on this data (process {started.pid})" in refusal(tmp_path, port)
        assert "PORT=8001 make run" in refusal(tmp_path / "other", port)
        page(started, f"http://127.0.0.1:{port}", "reached")  # as the page says of a source that is away


def refusal(var: Path, port: int) -> str:
    """Start a process that must fail, and return its output."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "allinone"],
        cwd=ROOT,
        env=environment(var, port),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stderr


@pytest.mark.slow
def test_it_stops_although_upstream_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        port = free_port()
        with running(tmp_path, port, f"http://127.0.0.1:{silent.getsockname()[1]}") as started:
            page(started, f"http://127.0.0.1:{port}", "Fetching")
            time.sleep(1)
            began = time.monotonic()
            stop(started)
            assert time.monotonic() - began < 30  # three tries take longer


@pytest.mark.slow
def test_it_shows_a_day_without_the_internet(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port, command="demo") as started:
        page(started, f"http://127.0.0.1:{port}/outbox/", "ada@example.org")
        assert len(list((tmp_path / "outbox").glob("*.eml"))) == 3
        assert str(tmp_path / "outbox") in stop(started)


def test_it_remembers_a_stop_that_comes_while_it_starts() -> None:
    # Use a separate process, because signals affect the whole process.
    script = """
import signal, threading, time
from unittest import mock
other = threading.Thread(target=time.sleep, args=(60,), daemon=True)
other.start()  # as a library's, which signals reach when the main thread holds them back
import django
django.setup()
from digest.processes import single_process
asked = single_process._block_signals()
signal.pthread_kill(other.ident, signal.SIGINT)
import json  # whatever the start is about
time.sleep(0.1)
with mock.patch("os.kill") as kill:
    single_process._unblock_signals(asked)
print([call.args[1] for call in kill.call_args_list])
"""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str([int(signal.SIGINT)]), done.stderr
