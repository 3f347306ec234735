"""The environment of the tests. Pytest loads it before the settings, so that the shell and `.env` have no effect."""

import atexit
import os
import shutil
import sys
import tempfile
from contextlib import suppress

import pytest
import redis

from config import clean_env
from tests import workers

SERVICES = os.environ.get("TEST_LEG") == "services"

_bare = clean_env.environment()
os.environ.clear()
os.environ |= _bare
# Store compiled modules even if the shell forbids it. Otherwise each worker and child process compiles all of them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
VAR = tempfile.mkdtemp(prefix="daily-papers-tests-")
atexit.register(shutil.rmtree, VAR, ignore_errors=True)
os.environ |= {
    "VAR_DIR": VAR,
    "DEBUG": "0",
    "SECRET_KEY": "only-for-tests",
    "SEND_SPREAD_MINUTES": "0",  # all digests of an hour are planned at the full hour
    "MATCH_BY_MEANING": "0",  # the model takes a second to load; tests that need it switch it on
    "SITE_URL": "https://papers.example.org",
    "FROM_EMAIL": "Daily Papers <digest@papers.example.org>",
    # A closed port: a test that does not set its upstream fails at once and never reaches the network.
    "HUGGINGFACE_URL": "http://127.0.0.1:9",
    "READ_PROFILES": "false",
    "ORCID_API_URL": "http://127.0.0.1:9",
    "SEMANTIC_SCHOLAR_API_URL": "http://127.0.0.1:9",
    "DBLP_URL": "http://127.0.0.1:9",
    "ARXIV_FEEDS_URL": "http://127.0.0.1:9",
    "ARXIV_API_URL": "http://127.0.0.1:9",
    "ARXIV_OAI_URL": "http://127.0.0.1:9",
    "DATABASE_URL": os.environ["TEST_DATABASE_URL"] if SERVICES else "sqlite://:memory:",
    # pytest-django gives each worker of pytest-xdist its own database; this gives each its own in Redis.
    "CELERY_BROKER_URL": workers.own_redis(os.environ["TEST_REDIS_URL"]) if SERVICES else "memory://",
}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Clean up, because workers of pytest-xdist skip `atexit` handlers, and need an empty Redis database."""
    shutil.rmtree(VAR, ignore_errors=True)
    if SERVICES:
        with suppress(redis.RedisError):
            redis.Redis.from_url(os.environ["CELERY_BROKER_URL"]).flushdb()
