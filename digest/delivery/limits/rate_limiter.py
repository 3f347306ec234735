"""The rate limiter, which decides whether an email may be sent now. Each worker has one for each provider."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from digest import clock
from digest.delivery.limits import daily_quota
from digest.delivery.limits.database_store import DatabaseStore
from digest.delivery.limits.rate_settings import OTHERS, DomainLanes, Rate
from digest.delivery.limits.redis_store import RedisWithFallback
from digest.delivery.limits.token_bucket import Bucket, BucketStore, TakeResult

TAKE_AHEAD = 0.5  # seconds of the rate that a worker takes at once: it asks seldom, and leaves others their share
MAX_TOKENS = 50  # at once
MIN_WAIT = 0.02  # seconds; a shorter wait would only cost another request


@dataclass(frozen=True, slots=True)
class Throttled:
    """A refusal that holds for `seconds`. `for_all`: it applies to all emails, not only to one domain."""

    seconds: float
    for_all: bool
    reason: str


class RateLimiter:
    """The rate limiter of one provider in one worker. It is not thread-safe."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._lanes: DomainLanes = settings.DOMAIN_RATES
        self._rate = rate_of(provider)
        self._tokens: Counter[str] = Counter()  # by lane
        self.day = clock.now().date()  # the tokens are from the quota of this day
        self._throttled: dict[str, tuple[float, Throttled]] = {}  # by lane; "" for all
        self.is_unlimited = self._rate is None and not self._lanes.rates and daily_quota.cap(self.day) is None

    def hold(self, address: str) -> Throttled | None:
        """Return why an email to `address` must wait, as far as this worker knows without asking the store."""
        now = clock.seconds()
        for lane in ("", self._lanes.lane_of(address)):
            until, hold = self._throttled.get(lane, (0.0, None))
            if hold is not None and now < until:
                return Throttled(until - now, hold.for_all, hold.reason)
        return None

    def ask(self, address: str) -> Throttled | None:
        """Take a token for one email to `address`, and return None; or return why it must wait."""
        if self.is_unlimited:
            return None
        self._drop_tokens_of_yesterday()
        lane = self._lanes.lane_of(address)
        if not self._tokens[lane]:
            held = self.hold(address) or self._refill(lane)
            if held:
                return held
        self._tokens[lane] -= 1
        return None

    def give_back(self, address: str, day: dt.date) -> None:
        """Return the token of an email to `address` that was allowed on `day` but was not sent."""
        self._drop_tokens_of_yesterday()
        if not self.is_unlimited and day == self.day:
            self._tokens[self._lanes.lane_of(address)] += 1

    def give_all_back(self) -> None:
        """Return all unused tokens to the store."""
        if self.is_unlimited:
            return
        self._drop_tokens_of_yesterday()
        for lane, number in self._tokens.items():
            if number:
                self._take(lane, -number)
        daily_quota.give_back(self._tokens.total(), now=clock.now())
        self._tokens.clear()

    def _drop_tokens_of_yesterday(self) -> None:
        """Drop the tokens after midnight, because each is from the quota of its day."""
        today = clock.now().date()
        if today != self.day:
            self._tokens.clear()
            self.day = today

    def _refill(self, lane: str) -> Throttled | None:
        """Take some tokens for `lane`, or return why there are none."""
        now = clock.now()
        taken = self._take(lane, self._tokens_to_take(lane))
        if not taken.tokens:
            for_all = taken.empty == self._bucket_name("")
            return self._throttle("" if for_all else lane, max(taken.seconds, MIN_WAIT), self._reason(for_all, lane))
        today = daily_quota.take(taken.tokens, now=now)
        if today < taken.tokens:
            self._take(lane, today - taken.tokens)
        if not today:
            return self._throttle(
                "",
                daily_quota.seconds_left(now),
                f"Held back: today's limit of {daily_quota.cap(now.date()):,} emails is reached.",
            )
        self._tokens[lane] = today
        return None

    def _take(self, lane: str, wanted: int) -> TakeResult:
        buckets = [Bucket(self._bucket_name(name), rate.per_second) for name, rate in self._rates(lane)]
        return store().take(buckets, wanted) if buckets else TakeResult(wanted)

    def _rates(self, lane: str) -> list[tuple[str, Rate]]:
        own = [("", self._rate)] if self._rate else []
        return own + ([(lane, self._lanes.rate_of(lane))] if lane else [])

    def _tokens_to_take(self, lane: str) -> int:
        slowest = min((rate.per_second for _, rate in self._rates(lane)), default=MAX_TOKENS / TAKE_AHEAD)
        return max(1, min(MAX_TOKENS, int(slowest * TAKE_AHEAD)))

    def _bucket_name(self, lane: str) -> str:
        return f"to {lane}" if lane else f"by {self.provider}"

    def _reason(self, for_all: bool, lane: str) -> str:
        rate = self._rate if for_all else self._lanes.rate_of(lane)
        return f"Held back: {rate} {'by' if for_all else 'to'} {self.provider if for_all else lane} at most."

    def _throttle(self, lane: str, seconds: float, reason: str) -> Throttled:
        hold = Throttled(seconds, not lane, reason)
        self._throttled[lane] = (clock.seconds() + seconds, hold)
        return hold


def rate_of(provider: str) -> Rate | None:
    """Return the rate that SEND_RATE sets for `provider`, or None."""
    rates: dict[str, Rate] = settings.SEND_RATE
    return rates.get(provider, rates.get(OTHERS))


def store() -> BucketStore:
    return _store(settings.CELERY_BROKER_URL)


@lru_cache(maxsize=2)
def _store(broker_url: str) -> BucketStore:
    """Return the store in Redis if the broker is Redis, else the database: a broker in memory can't be shared."""
    database = DatabaseStore()
    return RedisWithFallback(broker_url, database) if broker_url.startswith(("redis:", "rediss:")) else database
