"""Whether a mail may leave now. Each worker has a gate for each provider it hands mail to."""

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

IN_HAND = 0.5  # seconds' worth that a worker takes at a time: others have their share, and it asks seldom
MOST_IN_HAND = 50  # mails
SHORTEST = 0.02  # seconds: who is told to wait less would only ask again


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not now: for `seconds` it is no use to ask again. `for_all`: for nobody's mail, whatever the domain."""

    seconds: float
    for_all: bool
    reason: str


class RateLimiter:
    """Lets mails out as fast as the limits allow. Not for several threads at once."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._lanes: DomainLanes = settings.DOMAIN_RATES
        self._rate = rate_of(provider)
        self._in_hand: Counter[str] = Counter()  # by lane
        self.day = clock.now().date()  # whose mails those are
        self._holds: dict[str, tuple[float, Throttled]] = {}  # by lane; "" for all
        self.is_open = self._rate is None and not self._lanes.rates and daily_quota.cap(self.day) is None

    def hold(self, address: str) -> Throttled | None:
        """Why a mail to `address` would be held now, as far as known without asking anybody."""
        now = clock.seconds()
        for lane in ("", self._lanes.lane_of(address)):
            until, hold = self._holds.get(lane, (0.0, None))
            if hold is not None and now < until:
                return Throttled(until - now, hold.for_all, hold.reason)
        return None

    def ask(self, address: str) -> Throttled | None:
        """Let one mail to `address` out, if it may leave now: then None is the answer."""
        if self.is_open:
            return None
        self._drop_yesterdays()
        lane = self._lanes.lane_of(address)
        if not self._in_hand[lane]:
            held = self.hold(address) or self._fetch(lane)
            if held:
                return held
        self._in_hand[lane] -= 1
        return None

    def give_back(self, address: str, let_out_on: dt.date) -> None:
        """The mail to `address` that was let out on that day did not leave."""
        self._drop_yesterdays()
        if not self.is_open and let_out_on == self.day:
            self._in_hand[self._lanes.lane_of(address)] += 1

    def give_all_back(self) -> None:
        """What is still in hand."""
        if self.is_open:
            return
        self._drop_yesterdays()
        for lane, number in self._in_hand.items():
            if number:
                self._take(lane, -number)
        daily_quota.give_back(self._in_hand.total(), now=clock.now())
        self._in_hand.clear()

    def _drop_yesterdays(self) -> None:
        """What is in hand of a day's mails is good for that day."""
        today = clock.now().date()
        if today != self.day:
            self._in_hand.clear()
            self.day = today

    def _fetch(self, lane: str) -> Throttled | None:
        """Take some for `lane` in hand."""
        now = clock.now()
        taken = self._take(lane, self._handful(lane))
        if not taken.tokens:
            for_all = taken.empty == self._name("")
            return self._shut("" if for_all else lane, max(taken.seconds, SHORTEST), self._why(for_all, lane))
        today = daily_quota.take(taken.tokens, now=now)
        if today < taken.tokens:
            self._take(lane, today - taken.tokens)
        if not today:
            return self._shut(
                "", daily_quota.seconds_left(now), f"Held back: {daily_quota.cap(now.date()):,} a day are through."
            )
        self._in_hand[lane] = today
        return None

    def _take(self, lane: str, wanted: int) -> TakeResult:
        found = [Bucket(self._name(name), rate.a_second) for name, rate in self._rates(lane)]
        return store().take(found, wanted) if found else TakeResult(wanted)

    def _rates(self, lane: str) -> list[tuple[str, Rate]]:
        own = [("", self._rate)] if self._rate else []
        return own + ([(lane, self._lanes.rate_of(lane))] if lane else [])

    def _handful(self, lane: str) -> int:
        slowest = min((rate.a_second for _, rate in self._rates(lane)), default=MOST_IN_HAND / IN_HAND)
        return max(1, min(MOST_IN_HAND, int(slowest * IN_HAND)))

    def _name(self, lane: str) -> str:
        return f"to {lane}" if lane else f"by {self.provider}"

    def _why(self, for_all: bool, lane: str) -> str:
        rate = self._rate if for_all else self._lanes.rate_of(lane)
        return f"Held back: {rate} {'by' if for_all else 'to'} {self.provider if for_all else lane} at most."

    def _shut(self, lane: str, seconds: float, reason: str) -> Throttled:
        hold = Throttled(seconds, not lane, reason)
        self._holds[lane] = (clock.seconds() + seconds, hold)
        return hold


def rate_of(provider: str) -> Rate | None:
    found: dict[str, Rate] = settings.SEND_RATE
    return found.get(provider, found.get(OTHERS))


def store() -> BucketStore:
    return _store(settings.CELERY_BROKER_URL)


@lru_cache(maxsize=2)
def _store(broker_url: str) -> BucketStore:
    """Redis, where the broker is Redis; a broker in memory can't be shared with a command that sends."""
    database = DatabaseStore()
    return RedisWithFallback(broker_url, database) if broker_url.startswith(("redis:", "rediss:")) else database
