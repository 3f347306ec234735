"""A worker at work: it takes a shard, sends what is due of it, writes down what became of it, takes the next."""

import datetime as dt
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from digest import clock
from digest.delivery import pauses, recovery, shards, shutdown, trial
from digest.delivery.deferral import BACK_IN
from digest.delivery.journal import Journal
from digest.delivery.limits.rate_limiter import RateLimiter
from digest.delivery.message_factory import DjangoMessageFactory, MessageFactory, RawMessageFactory
from digest.delivery.providers import failover
from digest.delivery.providers.api_transport import ApiTransport
from digest.delivery.providers.capabilities import SMTP
from digest.delivery.providers.failover import FallbackTransport
from digest.delivery.shard_run import ShardRun, StopAsking
from digest.delivery.transports import Transport
from digest.delivery.transports.django_backend import BackendTransport
from digest.delivery.transports.outcomes import Result
from digest.delivery.transports.smtp import SmtpTransport
from digest.email.batch.composer import DeliveryRow
from digest.models import Delivery, Edition, Shard

A_MOMENT = 0.5  # seconds

ProgressCallback = Callable[[int], object]


def send_due(
    *, edition: Edition | None = None, seconds: float = math.inf, progress: ProgressCallback = lambda ended: None
) -> int:
    """Send all that is due and that no other worker has in hand; how many mails were accepted.

    What is not begun after `seconds`, or when the process is asked to stop, stays in the queue; so does everything
    during a pause. `progress` is told how many deliveries came to an end since it was last told.
    """
    recovery.recover(journals(), now=clock.now())
    ends_at = clock.seconds() + seconds

    def stop() -> bool:
        return shutdown.is_stop_requested() or clock.seconds() >= ends_at

    with shutdown.stop_on_signals(), _worker() as worker:
        while not stop() and worker.may_send():
            shard = shards.take(worker.name, now=clock.now(), edition=edition)
            if shard is not None:
                if not worker.send(shard, stop, progress):
                    break
                recovery.recover(journals(), now=clock.now())  # workers that died meanwhile
            elif not worker.is_probing and trial.try_next(journals(), edition=edition):
                continue
            elif _is_shard_free_soon(edition):
                time.sleep(A_MOMENT)
            else:
                break
        return worker.accepted


def send_quarantined(shard_pk: int) -> None:
    """Send the one email of this quarantined shard, after another of its edition was made: only it may be deadly."""
    with shutdown.stop_on_signals(), _worker() as worker:
        if not worker.may_send():
            return
        shard = shards.take_for_trial(shard_pk, worker.name, now=clock.now())
        if shard is not None:
            worker.make_another(shard)
            worker.send(shard, shutdown.is_stop_requested, lambda ended: None)


def journals() -> Path:
    """Where this machine's workers keep their journals."""
    folder: Path = settings.VAR_DIR / "journals"
    return folder


def _is_shard_free_soon(edition: Edition | None) -> bool:
    """Whether a limit keeps some back for seconds only: then it pays to stay."""
    soon = clock.now() + dt.timedelta(seconds=BACK_IN)
    return shards.ready(now=soon, edition=edition).exists()


class Worker:
    """Sends shards over one transport, with one journal."""

    def __init__(self, journal: Journal, transport: Transport, maker: MessageFactory) -> None:
        _commit_without_waiting()
        self.accepted = 0
        self.name = journal.worker
        self.is_probing = False
        self._journal, self._transport, self._maker = journal, transport, maker
        self._gates: dict[str, RateLimiter] = {}

    def may_send(self) -> bool:
        """Whether mails may leave, or one, that shows whether the server takes them again."""
        if not self.is_probing:
            allowed = pauses.allowance(now=clock.now())
            self.is_probing = allowed == 1
            return allowed != 0
        return True

    def send(self, shard: Shard, stop: StopAsking, progress: ProgressCallback) -> bool:
        """Send what is due of `shard` and give it back; whether to go on with another."""
        run = ShardRun(shard, self._journal, self._maker, self._limiter(), stop, is_probe=self.is_probing)
        while run.goes_on:
            run.limiter = self._limiter()
            for outcomes in self._transport.send(run.mails(), run.begin):
                run.end(outcomes)
                self.accepted += sum(outcome.result is Result.SENT for outcome in outcomes)
                progress(run.record_now_and_then())
        progress(run.finish())
        self._journal.clear()
        for limiter in self._gates.values():
            limiter.give_all_back()
        shards.give_back(shard, now=clock.now())
        self.is_probing = run.is_probe and not run.refused
        if run.refused and self._switches_provider(run.refused):
            return True
        if run.refused:
            pauses.start(run.refused, now=clock.now())
        return run.may_go_on

    def make_another(self, shard: Shard) -> None:
        """Make an email of the same edition that was sent before, and throw it away."""
        sent = Delivery.objects.filter(edition=shard.edition_id, status=Delivery.Status.SENT).order_by("-pk")
        for pk, reader in sent.values_list("pk", "subscriber_id")[:1]:
            list(self._maker.make([DeliveryRow(pk, shard.edition_id, reader)]))

    def close(self) -> None:
        self._transport.close()
        if self.is_probing:  # there was nothing to probe with
            pauses.request_probe(now=clock.now())

    def _switches_provider(self, reason: str) -> bool:
        """Whether there is another way out for what this one refuses."""
        return isinstance(self._transport, FallbackTransport) and self._transport.switch_provider(reason)

    def _limiter(self) -> RateLimiter:
        name = self._transport.name
        return self._gates.setdefault(name, RateLimiter(name))


@contextmanager
def _worker() -> Iterator[Worker]:
    journal = Journal(journals())
    worker = Worker(journal, *_transport_name())
    try:
        yield worker
    except BaseException:
        journal.abandon()
        raise
    else:
        journal.close()
    finally:
        worker.close()


def _commit_without_waiting() -> None:
    """To wait for the disk at each commit costs a sixth of the speed. After a power cut the last mails come twice then.

    PostgreSQL does what its administrator chose, and commits of several workers share the wait.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")


def _transport_name() -> tuple[Transport, MessageFactory]:
    names = failover.names()
    if names:
        return FallbackTransport(names, _transport), RawMessageFactory()
    return BackendTransport(), DjangoMessageFactory()


def _transport(name: str) -> Transport:
    return SmtpTransport() if name == SMTP else ApiTransport(name)
