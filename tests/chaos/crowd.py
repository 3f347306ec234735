"""The readers of the chaos test: they get an edition, some unsubscribe during it, and all are checked at the end."""

import datetime as dt
import random
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import readers  # noqa: E402
from digest import papers  # noqa: E402
from digest.delivery import results  # noqa: E402
from digest.editions import publication  # noqa: E402
from digest.models import Delivery, Source  # noqa: E402
from subscriptions.models import Subscriber  # noqa: E402
from subscriptions.readers import lifecycle  # noqa: E402
from tests.conftest import make_record  # noqa: E402

T = TypeVar("T")


class Crowd:
    def __init__(self, count: int, chance: random.Random) -> None:
        self.left: dict[str, float] = {}
        self._chance, self._count = chance, count
        readers.make(count)
        then = timezone.now() - dt.timedelta(hours=2)
        hour = (then + dt.timedelta(hours=1)).hour
        Subscriber.objects.update(frequency="daily", time_zone="UTC", send_hour=hour)
        source, _ = Source.objects.get_or_create(kind=Source.Kind.HUGGINGFACE, key="")
        records = [make_record(f"2608.{n:05}", f"Paper {n} on Agents", votes=n, day=then.date()) for n in range(1, 6)]
        papers.ingest(source, records, then.date())
        publication.publish(then.date(), now=then)
        Subscriber.objects.update(mail_quiet_days=True)

    def is_waiting(self) -> bool:
        """Return whether some readers are not planned yet, or have a delivery that has not ended."""
        return self.ended() + len(self.left) < self._count

    @staticmethod
    def ended() -> int:
        """Return how many deliveries have ended."""
        return _retrying(lambda: Delivery.objects.exclude(status="queued").count())

    @staticmethod
    def waiting() -> int:
        """Return how many deliveries have not ended."""
        return _retrying(lambda: Delivery.objects.filter(status="queued").count())

    def let_some_leave(self) -> None:
        for _ in range(3):
            address = f"reader{self._chance.randint(1, self._count)}@example.org"
            _retrying(partial(_leave, address))
            self.left.setdefault(address, time.time())

    def wait_until_all_is_done(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.is_waiting() and time.monotonic() < deadline:
            time.sleep(0.5)
        while Delivery.objects.filter(status="queued").exists() and time.monotonic() < deadline:
            time.sleep(0.5)

    @staticmethod
    def statuses() -> dict[str, str]:
        """Return the status of each delivery by address. Readers who left before they were planned are missing."""
        found = {}
        for address, status, reason in Delivery.objects.values_list("subscriber__email", "status", "reason"):
            is_refused = "550 5.1.1" in reason or "554 5.6.0" in reason
            found[address] = "given up" if status == "failed" and not is_refused else status
            if results.MAY_HAVE_ARRIVED in reason:  # and a later attempt was refused
                found[address] = "uncertain"
        others = Subscriber.objects.filter(status="active").values_list("email", flat=True)
        return {address: "queued" for address in others if address not in found} | found


def _leave(address: str) -> None:
    lifecycle.unsubscribe(Subscriber.objects.get(email=address), now=timezone.now())


def _retrying(do: Callable[[], T]) -> T:
    """Try again if the database is being restarted."""
    for _ in range(200):
        try:
            return do()
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.1)
    return do()
