"""The Redis databases of the workers that run the tests."""

import pytest

from tests.workers import own_redis, redis_below


def test_each_worker_has_a_redis_database_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = []
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        addresses.append(own_redis("redis://:secret@127.0.0.1:6379/15"))
    assert addresses == [f"redis://:secret@127.0.0.1:6379/{number}" for number in (15, 14, 13)]


def test_a_single_process_has_the_database_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert own_redis("redis://127.0.0.1:6379/15") == "redis://127.0.0.1:6379/15"


def test_more_workers_than_databases_are_refused() -> None:
    with pytest.raises(ValueError, match="TEST_REDIS_URL: 3 workers need a database each"):
        redis_below("redis://127.0.0.1:6379/1", 2)
