"""Deliveries that limits keep back, while others of the same shard leave."""

import datetime as dt

from digest import clock
from digest.delivery.limits.rate_limiter import RateLimiter, Throttled
from digest.delivery.transports.outcomes import Outcome, Result
from digest.email.batch.composer import DeliveryRow
from digest.models import Delivery

PATIENCE = 20.0  # seconds; what is kept back for longer is left to whoever comes then
LANE_PATIENCE = 2.0  # seconds; then other work goes first that was kept back before, too
BACK_IN = 5.0  # seconds
GIVEN_WAY = "Held back by a limit: other mails go first."


class DeferredDeliveries:
    """Those of one shard that wait in this worker for their turn."""

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}  # their addresses
        self._release_allowed: dict[int, tuple[str, dt.date]] = {}  # to whom, and on which day
        self._until = self._since = clock.seconds()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def blocks_all(self) -> bool:
        """Whether nothing may leave for the moment, to whomever."""
        return clock.seconds() < self._until

    @property
    def has_waited_too_long(self) -> bool:
        """Whether they have waited so long that any other work goes first."""
        return clock.seconds() - self._since > LANE_PATIENCE

    def release_allowed(
        self, wanted: dict[int, DeliveryRow], limiter: RateLimiter
    ) -> tuple[dict[int, DeliveryRow], list[Outcome]]:
        """Those that may leave now, and outcomes for those that can't for long. The others wait here."""
        rows = Delivery.objects.filter(pk__in=list(wanted)).order_by("pk")
        self._release_allowed = {}
        held: list[Outcome] = []
        for pk, address in rows.values_list("pk", "subscriber__email"):
            hold = limiter.ask(address)
            if hold is None:
                self._release_allowed[pk] = address, limiter.day
            elif hold.seconds > PATIENCE:
                held.append(Outcome(pk, Result.HELD, hold.reason, seconds=hold.seconds))
            else:
                self._keep(pk, address, hold)
        if self._release_allowed:
            self._since = clock.seconds()
        return {pk: row for pk, row in wanted.items() if pk in self._release_allowed}, held

    def return_unused(self, pk: int, limiter: RateLimiter) -> None:
        """It was let out, and there was no mail to send."""
        if pk in self._release_allowed:
            limiter.give_back(*self._release_allowed[pk])

    def ready(self, limiter: RateLimiter, most: int) -> list[int]:
        """Those whose turn may have come: they wait no longer."""
        found = [] if self.blocks_all else [pk for pk, to in self._waiting.items() if limiter.hold(to) is None][:most]
        for pk in found:
            del self._waiting[pk]
        return sorted(found)

    def abandon_all(self) -> list[Outcome]:
        """Leave them to whoever comes in a few seconds."""
        waiting, self._waiting = self._waiting, {}
        return [Outcome(pk, Result.HELD, GIVEN_WAY, seconds=BACK_IN) for pk in waiting]

    def _keep(self, pk: int, address: str, hold: Throttled) -> None:
        self._waiting[pk] = address
        if hold.for_all:
            self._until = clock.seconds() + hold.seconds
