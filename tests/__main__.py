"""All tests: on SQLite, then once more on PostgreSQL with Redis where both can be reached.

python -m tests [pytest's arguments]
"""

import os
import subprocess
import sys

import psycopg
import redis

DATABASE = os.environ.get("TEST_DATABASE_URL", "postgresql://dailypapers:dailypapers@127.0.0.1:5432/dailypapers")
BROKER = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def main() -> int:
    print("== SQLite, broker in memory", flush=True)
    failed = run("-m", "not services")
    missing = unreachable()
    if missing:
        print(f"== SKIPPED: the tests on PostgreSQL and Redis, since {missing}. CONTRIBUTING says how to start them.")
        return failed
    print("== PostgreSQL, Redis", flush=True)
    services = {"TEST_LEG": "services", "TEST_DATABASE_URL": DATABASE, "TEST_REDIS_URL": BROKER}
    return run("-m", "not browser", environment=services) or failed


def run(*arguments: str, environment: dict[str, str] | None = None) -> int:
    command = [sys.executable, "-m", "pytest", *arguments, *sys.argv[1:]]
    return subprocess.run(command, env=os.environ | (environment or {}), check=False).returncode


def unreachable() -> str:
    """Why the second leg can't be run; empty when it can."""
    try:
        psycopg.connect(DATABASE, connect_timeout=3).close()
    except psycopg.Error as error:
        return f"PostgreSQL can't be reached ({str(error).splitlines()[0]})"
    try:
        redis.Redis.from_url(BROKER, socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        return f"Redis can't be reached ({error})"
    return ""


if __name__ == "__main__":
    sys.exit(main())
