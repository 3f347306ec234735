"""The public pages under load: gunicorn with two workers, SQLite, a large archive, fifty requests a second.

`python -m benchmarks.pages` prints the figures. It is an open-loop test: each request starts on schedule, even if
earlier ones have no response yet, and the time that it waits counts.
"""

import asyncio
import gzip
import json
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config import clean_env

ROOT = Path(__file__).resolve().parent.parent
PORT = 9210
PAPERS = 100_000
A_SECOND = 50
SECONDS = 20
WARM_UP = 40  # requests, not counted
_WITH_THE_PAGE = re.compile(r'<link rel="stylesheet" href="([^"]+)"|<script src="([^"]+)"')


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return response times and size of `/` with `scale` times 100,000 papers."""
    papers = max(1_000, int(PAPERS * scale) // 1_000 * 1_000)
    with tempfile.TemporaryDirectory() as folder:
        environment = clean_env.environment() | {
            "VAR_DIR": folder,
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "CELERY_BROKER_URL": "memory://",
            "SITE_URL": f"http://127.0.0.1:{PORT}",
            "DEBUG": "0",
            "LOG_LEVEL": "WARNING",
        }
        _build(environment, papers)
        before = _cpu_of_children()
        with _gunicorn(environment):
            asyncio.run(_drive("/", WARM_UP, A_SECOND))
            taken = sorted(asyncio.run(_drive("/", A_SECOND * SECONDS, A_SECOND)))
            weight = asyncio.run(_weigh("/"))
        cpu = _cpu_of_children() - before
    requests = A_SECOND * SECONDS + WARM_UP
    return {
        "papers": papers,
        "requests_a_second": A_SECOND,
        "p50_ms": round(statistics.median(taken) * 1000, 1),
        "p95_ms": round(taken[int(len(taken) * 0.95)] * 1000, 1),
        "cpu_ms_a_request": round(cpu / requests * 1000, 1),
        **weight,
    }


def _build(environment: dict[str, str], papers: int) -> None:
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "-v0"], ["load_topics"], ["collectstatic", "--noinput", "-v0"]):
        subprocess.run([*manage, *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    make = f"import django; django.setup(); from benchmarks import corpus; corpus.build({papers})"
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "-c", make], cwd=ROOT, env=environment, check=True)


@contextmanager
def _gunicorn(environment: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--workers=2", f"--bind=127.0.0.1:{PORT}"]
    server = subprocess.Popen([*command, "--log-level=warning"], cwd=ROOT, env=environment)
    try:
        _wait_until_up()
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait_until_up() -> None:
    for _ in range(100):
        try:
            asyncio.run(_get("/healthz"))
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"gunicorn did not answer on port {PORT}.")


async def _drive(path: str, requests: int, a_second: int) -> list[float]:
    """Return the response time of each request in seconds, from its scheduled start to the end of its response."""
    begin = time.monotonic()

    async def ask(due: float) -> float:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await _get(path)
        return time.monotonic() - due

    return await asyncio.gather(*(ask(begin + number / a_second) for number in range(requests)))


async def _get(path: str) -> bytes:
    """Return the body of the response as sent (compressed). Raise OSError if its status is not 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read(-1)
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError(answer[:100])
    return answer.partition(b"\r\n\r\n")[2]


async def _weigh(path: str) -> dict[str, int]:
    """Return the compressed size of the page and of its stylesheets and scripts, in bytes."""
    page = await _get(path)
    named = _WITH_THE_PAGE.findall(gzip.decompress(page).decode())
    others = [len(await _get(style or script)) for style, script in named]
    return {"page_bytes": len(page), "style_and_script_bytes": sum(others), "bytes_in_all": len(page) + sum(others)}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
