"""A Redis database for each worker of pytest-xdist. Pytest-django gives each its own SQL database."""

import os
from urllib.parse import urlsplit, urlunsplit


def own_redis(address: str) -> str:
    """Return the address of this worker's Redis database: `address` for the first, the ones below it for the others."""
    return redis_below(address, int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


def redis_below(address: str, number: int) -> str:
    """Return the address of the Redis database `number` below that of `address`."""
    parts = urlsplit(address)
    database = int(parts.path.strip("/") or 0) - number
    if database < 0:
        raise ValueError(f"TEST_REDIS_URL: {number + 1} workers need a database each, {address} and those below it.")
    return urlunsplit(parts._replace(path=f"/{database}"))
