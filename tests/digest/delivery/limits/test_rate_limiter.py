"""Rate limits of emails."""

import datetime as dt
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.db import connection

from digest.delivery.limits import daily_quota, redis_store
from digest.delivery.limits.database_store import DatabaseStore
from digest.delivery.limits.rate_limiter import RateLimiter, Throttled
from digest.delivery.limits.rate_settings import parse_lanes, parse_rates
from digest.delivery.limits.redis_store import PREFIX, RedisStore, RedisWithFallback
from digest.delivery.limits.token_bucket import Bucket, BucketStore, TakeResult
from digest.models import Allowance
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
REDIS = os.environ["CELERY_BROKER_URL"]  # before a test sets another


@pytest.fixture(autouse=True)
def without_redis(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "memory://"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """Stop both clocks. They move together when the traveller moves."""
    with time_machine.travel(NOW, tick=False) as traveller:
        monkeypatch.setattr("digest.clock.seconds", lambda: dt.datetime.now(dt.UTC).timestamp())
        yield traveller


def let_out(limiter: RateLimiter, address: str = "a@example.org") -> int:
    """Take all tokens that there are, and return their number."""
    number = 0
    while limiter.ask(address) is None:
        number += 1
        assert number < 1000
    return number


def rounded(hold: Throttled | None) -> Throttled | None:
    return hold and replace(hold, seconds=round(hold.seconds, 2))


def test_without_limits_every_email_may_leave() -> None:
    limiter = RateLimiter("smtp")
    assert limiter.is_unlimited
    assert all(limiter.ask("a@example.org") is None for _ in range(100))
    assert not Allowance.objects.exists()


def test_it_lets_out_what_the_rate_allows(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_RATE = parse_rates("10/s")
    limiter = RateLimiter("smtp")
    assert let_out(limiter) == 10
    held = limiter.ask("a@example.org")
    assert rounded(held) == Throttled(0.1, True, "Held back: 10/s by smtp at most.")
    clock.shift(0.5)
    assert let_out(limiter) == 5


def test_two_workers_share_a_limit(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_RATE = parse_rates("10/s")
    assert let_out(RateLimiter("smtp")) + let_out(RateLimiter("smtp")) == 10


def test_each_provider_can_have_a_rate_of_its_own(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_RATE = parse_rates("postmark=20/s, smtp=2/s")
    assert (let_out(RateLimiter("postmark")), let_out(RateLimiter("smtp"))) == (20, 2)
    assert RateLimiter("brevo").is_unlimited


def test_a_full_lane_holds_up_no_other(settings: Any, clock: time_machine.Traveller) -> None:
    settings.DOMAIN_RATES = parse_lanes("gmail.com=2/s")
    limiter = RateLimiter("smtp")
    assert let_out(limiter, "a@gmail.com") == 2
    held = limiter.hold("b@gmail.com")
    assert rounded(held) == Throttled(0.5, False, "Held back: 2/s to gmail.com at most.")
    assert limiter.hold("c@example.org") is None
    assert limiter.ask("c@example.org") is None


def test_both_a_lane_and_the_whole_must_have_room(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_RATE, settings.DOMAIN_RATES = parse_rates("5/s"), parse_lanes("gmail.com=3/s")
    limiter = RateLimiter("smtp")
    assert let_out(limiter, "a@gmail.com") == 3
    assert let_out(limiter, "a@example.org") == 2


def test_what_is_left_in_hand_goes_back(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_RATE, settings.SEND_PER_DAY = parse_rates("10/s"), 100
    limiter = RateLimiter("smtp")
    assert limiter.ask("a@example.org") is None  # one of five in hand
    limiter.give_all_back()
    assert daily_quota.taken(now=NOW) == 1
    assert let_out(RateLimiter("smtp")) == 9


def test_what_was_let_out_and_did_not_leave_may_leave_later(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_RATE = parse_rates("1/s")
    limiter = RateLimiter("smtp")
    assert let_out(limiter) == 1
    limiter.give_back("a@example.org", limiter.day)
    assert limiter.ask("b@example.org") is None


def test_the_day_has_its_cap(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_PER_DAY = 120
    limiter = RateLimiter("smtp")
    assert let_out(limiter) + let_out(RateLimiter("brevo")) == 120
    held = limiter.ask("a@example.org")
    assert held == Throttled(12 * 3600, True, "Held back: today's limit of 120 emails is reached.")
    clock.shift(dt.timedelta(hours=12))
    assert let_out(RateLimiter("smtp")) == 120


@pytest.mark.parametrize("gives_back", [True, False])
def test_what_is_in_hand_at_midnight_is_not_the_next_days(
    settings: Any, clock: time_machine.Traveller, gives_back: bool
) -> None:
    settings.SEND_PER_DAY = 100
    clock.move_to(NOW.replace(hour=23, minute=59, second=59))
    limiter = RateLimiter("smtp")
    assert limiter.ask("a@example.org") is None  # one of 50 in hand
    clock.shift(2)
    assert let_out(RateLimiter("brevo")) == 100
    if gives_back:
        limiter.give_all_back()
    assert let_out(limiter) == 0


def test_what_was_let_out_before_midnight_is_not_the_next_days(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_PER_DAY = 3
    clock.move_to(NOW.replace(hour=23, minute=59, second=59))
    limiter = RateLimiter("smtp")
    assert limiter.ask("a@example.org") is None
    yesterday = limiter.day
    clock.shift(2)
    limiter.give_back("a@example.org", yesterday)
    assert let_out(limiter) == 3


def test_a_new_domain_warms_up(settings: Any, clock: time_machine.Traveller) -> None:
    settings.WARM_UP_FROM, settings.WARM_UP_FIRST_DAY, settings.WARM_UP_DOUBLES_EVERY = dt.date(2026, 8, 18), 50, 1
    settings.SEND_PER_DAY = 10_000
    assert let_out(RateLimiter("smtp")) == 200  # the third day


def test_it_forgets_days_long_past(settings: Any, clock: time_machine.Traveller) -> None:
    settings.SEND_PER_DAY = 10
    daily_quota.take(3, now=NOW - dt.timedelta(days=30))
    daily_quota.take(3, now=NOW)
    assert daily_quota.delete_old(before=NOW.date()) == 1
    assert daily_quota.taken(now=NOW) == 3


@pytest.fixture(params=["database", pytest.param("redis", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Iterator[BucketStore]:
    if request.param == "database":
        yield DatabaseStore()
        return
    redis_store = RedisStore(REDIS)
    for key in redis_store._redis.scan_iter(f"{PREFIX}*"):
        redis_store._redis.delete(key)
    yield redis_store


# One token in ten minutes, so that a bucket does not fill while a test runs.
SLOW, SLOWER = Bucket("by smtp", 5 / 600), Bucket("to gmail.com", 1 / 600)


def test_a_store_takes_what_all_buckets_have(store: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.delivery.limits.token_bucket.BURST", 600.0)
    assert store.take([SLOW], 2) == TakeResult(2)
    assert store.take([SLOW, SLOWER], 9) == TakeResult(1)
    empty = store.take([SLOW, SLOWER], 1)
    assert (empty.tokens, empty.empty) == (0, "to gmail.com")
    assert 590 < empty.seconds <= 600
    assert store.take([SLOW], 9) == TakeResult(2)


def test_a_store_takes_tokens_back(store: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.delivery.limits.token_bucket.BURST", 600.0)
    store.take([SLOW], 5)
    assert store.take([SLOW], -3) == TakeResult(-3)
    assert store.take([SLOW], 9) == TakeResult(3)


def test_a_store_fills_up_again_after_its_clock_was_set_back(store: BucketStore) -> None:
    fast = Bucket("by smtp", 1000.0)
    store.take([fast], 1000)
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    if isinstance(store, RedisStore):
        store._redis.hset(f"{PREFIX}by smtp", mapping={"level": 0, "at": tomorrow.timestamp()})
    else:
        Allowance.objects.update(level=0, at=tomorrow)
    assert store.take([fast], 1).tokens == 0
    time.sleep(0.01)
    assert store.take([fast], 1).tokens == 1


def test_redis_going_away_leaves_the_limits_in_force(settings: Any, clock: time_machine.Traveller) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    settings.SEND_RATE = parse_rates("3/s")
    assert let_out(RateLimiter("smtp")) == 3


def test_redis_is_not_asked_each_time_while_it_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_store, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        store = RedisWithFallback(f"redis://127.0.0.1:{hanging.getsockname()[1]}/0", DatabaseStore())
        assert [store.take([SLOW], 1).tokens for _ in range(2)] == [1, 0]
        hanging.settimeout(0.05)
        hanging.accept()[0].close()
        with pytest.raises(TimeoutError):
            hanging.accept()


@pytest.mark.services  # threads can't share SQLite in memory, and on disk they wait for each other
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_take_no_more_than_there_is(store: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.delivery.limits.token_bucket.BURST", 600.0)
    bucket, taken = Bucket("by brevo", 100 / 600), []

    def work() -> None:
        for _ in range(10):
            taken.append(store.take([bucket, SLOW._replace(per_second=1000 / 600)], 4).tokens)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(taken) == 100
