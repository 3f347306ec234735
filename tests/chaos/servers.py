"""PostgreSQL and Redis on their own ports, with their data in a given folder."""

import glob
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import redis

from benchmarks.ports import free_port


class Postgres:
    """A PostgreSQL cluster. It does not run as root, so root starts it as the user postgres."""

    def __init__(self, folder: Path) -> None:
        self._data, self.port = folder / "pg", free_port()
        self._data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self._data, "postgres")
            folder.chmod(0o755)
        self._do("initdb", "-D", str(self._data), "-A", "trust", "-E", "UTF8", "-U", "chaos")
        self.start()
        with psycopg.connect(f"postgresql://chaos@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE chaos")
        self.url = f"postgresql://chaos@127.0.0.1:{self.port}/chaos"

    def start(self) -> None:
        options = f"-p {self.port} -k {self._data} -c listen_addresses=127.0.0.1 -c max_connections=60"
        self._do("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._data / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        self._do("pg_ctl", "-D", str(self._data), "-m", how, "-w", "stop")

    def restart(self, how: str) -> None:
        self.stop(how)
        self.start()

    def _do(self, tool: str, *arguments: str) -> None:
        folder = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_user, f"{folder}/{tool}", *arguments], check=True, stdout=subprocess.DEVNULL)


class Redis:
    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self._process = subprocess.Popen([*command, str(self._folder)], stdout=subprocess.DEVNULL)
        wait_for(lambda: bool(redis.Redis.from_url(self.url).ping()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def flush(self) -> None:
        redis.Redis.from_url(self.url).flushall()


def wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except (OSError, redis.RedisError, psycopg.Error):
            pass
        time.sleep(0.1)
    raise TimeoutError(f"The server did not start within {seconds:g} seconds.")
