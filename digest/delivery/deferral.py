"""Deferred deliveries: a rate limit holds them back while others of the same shard are sent.

An email that failed waits by `retry_policy` instead.
"""

import datetime as dt

from digest import clock
from digest.delivery.limits.rate_limiter import RateLimiter, Throttled
from digest.delivery.transports.outcomes import Outcome, Result
from digest.email.batch.composer import DueDelivery
from digest.models import Delivery

MAX_HELD_WAIT = 20.0  # seconds; deliveries that must wait longer go back to the queue
YIELD_AFTER = 2.0  # seconds; after that, shards that were deferred earlier go first as well
BACK_IN = 5.0  # seconds
OTHERS_FIRST = "Held back by a rate limit. Other emails are sent first."


class DeferredDeliveries:
    """The deliveries of one shard that wait in this worker for a rate limit."""

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}  # addresses, by delivery id
        self._allowed: dict[int, tuple[str, dt.date]] = {}  # the address and the day of the quota, by delivery id
        self._until = self._since = clock.seconds()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def blocks_all(self) -> bool:
        """Return whether no email may be sent at the moment, to any address."""
        return clock.seconds() < self._until

    @property
    def has_waited_too_long(self) -> bool:
        """Return whether they have waited so long that any other work goes first."""
        return clock.seconds() - self._since > YIELD_AFTER

    def release_allowed(
        self, wanted: dict[int, DueDelivery], limiter: RateLimiter
    ) -> tuple[dict[int, DueDelivery], list[Outcome]]:
        """Return the deliveries that may be sent now, and outcomes for those that must wait long. Defer the others."""
        rows = Delivery.objects.filter(pk__in=list(wanted)).order_by("pk")
        self._allowed = {}
        held: list[Outcome] = []
        for pk, address in rows.values_list("pk", "subscriber__email"):
            throttled = limiter.ask(address)
            if throttled is None:
                self._allowed[pk] = address, limiter.day
            elif throttled.seconds > MAX_HELD_WAIT:
                held.append(Outcome(pk, Result.DEFERRED, throttled.reason, seconds=throttled.seconds))
            else:
                self._defer(pk, address, throttled)
        if self._allowed:
            self._since = clock.seconds()
        return {pk: row for pk, row in wanted.items() if pk in self._allowed}, held

    def return_unused(self, pk: int, limiter: RateLimiter) -> None:
        """Give back this delivery's share of the limits, because there is no email to send."""
        if pk in self._allowed:
            limiter.give_back(*self._allowed[pk])

    def ready(self, limiter: RateLimiter, most: int) -> list[int]:
        """Remove and return up to `most` deliveries that the limits may let pass now."""
        if self.blocks_all:
            return []
        ready = [pk for pk, address in self._waiting.items() if limiter.hold(address) is None][:most]
        for pk in ready:
            del self._waiting[pk]
        return sorted(ready)

    def abandon_all(self) -> list[Outcome]:
        """Send all deferred deliveries back to the queue for a few seconds. Return their outcomes."""
        waiting, self._waiting = self._waiting, {}
        return [Outcome(pk, Result.DEFERRED, OTHERS_FIRST, seconds=BACK_IN) for pk in waiting]

    def _defer(self, pk: int, address: str, throttled: Throttled) -> None:
        self._waiting[pk] = address
        if throttled.for_all:
            self._until = clock.seconds() + throttled.seconds
