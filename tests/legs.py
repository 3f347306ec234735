"""The parts of a test run: the tests in each, the services it needs, and its number of workers."""

import os
from dataclasses import dataclass

import psycopg
import redis

from tests.workers import redis_below

DATABASE = os.environ.get("TEST_DATABASE_URL", "postgresql://dailypapers:dailypapers@127.0.0.1:5432/dailypapers")
BROKER = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
MAX_WORKERS = 8  # more would mostly spend time on starting


@dataclass(frozen=True)
class Leg:
    """One call of pytest, with the tests that the expression `markers` selects."""

    name: str
    markers: str
    needs_services: bool = False
    is_quick: bool = False  # property tests try fewer examples
    extra: int = 1  # workers more than cores

    @property
    def workers(self) -> int:
        """The number of workers: one for each core and the `extra` ones, at most as many as there are Redis databases.

        Extra workers use the time that other tests spend on waiting for browsers, databases and processes.
        """
        wanted = min(_cores(), MAX_WORKERS) + self.extra
        return 1 + _empty_redis_databases(wanted - 1) if self.needs_services else wanted

    @property
    def options(self) -> list[str]:
        """Options of pytest. Collecting the slow tests of the API's document takes each worker five seconds."""
        leaves_out = ["-p", "no:schemathesis", "--ignore=tests/digest/api/test_conformity.py"]
        return ["-m", self.markers, *(leaves_out if "not slow" in self.markers else [])]

    @property
    def environment(self) -> dict[str, str]:
        services = {"TEST_LEG": "services", "TEST_DATABASE_URL": DATABASE, "TEST_REDIS_URL": BROKER}
        examples = {"HYPOTHESIS_PROFILE": "quick"} if self.is_quick and "HYPOTHESIS_PROFILE" not in os.environ else {}
        return examples | (services if self.needs_services else {})


_NOT_SLOW = "not browser and not mailtools and not slow"
# Test each behavior once: on PostgreSQL and Redis if they make a difference.
QUICK = (
    Leg(
        "PostgreSQL and Redis",
        f"(services or both_databases) and {_NOT_SLOW}",
        needs_services=True,
        is_quick=True,
        extra=0,  # the other leg runs at the same time
    ),
    Leg("SQLite", f"not services and {_NOT_SLOW}", is_quick=True),
)
ALL = (
    Leg(
        "PostgreSQL and Redis",
        "(services or (database and not one_database and not slow)) and not browser and not mailtools",
        needs_services=True,
        is_quick=True,
    ),
    Leg("SQLite, Chromium and email tools", "not services"),
)


def unreachable() -> str:
    """Return why the tests on services can't run, or an empty string."""
    try:
        psycopg.connect(DATABASE, connect_timeout=3).close()
    except psycopg.Error as error:
        return f"PostgreSQL can't be reached ({str(error).splitlines()[0]})"
    try:
        redis.Redis.from_url(BROKER, socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        return f"Redis can't be reached ({error})"
    return ""


def _cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _empty_redis_databases(wanted: int) -> int:
    """Return the number of empty Redis databases below TEST_REDIS_URL's, at most `wanted`. Tests empty theirs."""
    for number in range(wanted):
        try:
            below = redis.Redis.from_url(redis_below(BROKER, number + 1), socket_connect_timeout=3)
            if below.dbsize():
                return number
        except (ValueError, redis.RedisError):
            return number
    return wanted
