"""The worker: it takes a shard, sends its due deliveries, records the results, gives it back, and takes the next."""

import datetime as dt
import logging
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
from digest.delivery.shard_run import ShardRun, StopRequested
from digest.delivery.transports import Transport
from digest.delivery.transports.django_backend import BackendTransport
from digest.delivery.transports.outcomes import Result
from digest.delivery.transports.smtp import SmtpTransport
from digest.email.batch.composer import DueDelivery
from digest.models import Delivery, Edition, Shard

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.5  # seconds

ProgressCallback = Callable[[int], object]


def send_due(
    *, edition: Edition | None = None, seconds: float = math.inf, progress: ProgressCallback = lambda ended: None
) -> int:
    """Send everything that is due and that no other worker holds. Return the number of accepted emails.

    Deliveries that have not begun after `seconds`, or at a graceful shutdown, stay queued. During a pause all of them
    do. `progress` is called with the number of deliveries that have ended since its last call.
    """
    recovery.recover(journals(), now=clock.now())  # workers that died before this one started
    began_at = clock.seconds()
    ends_at = began_at + seconds

    def stop() -> bool:
        return shutdown.is_stop_requested() or clock.seconds() >= ends_at

    with shutdown.stop_on_signals(), _worker() as worker:
        while not stop() and worker.may_send():
            shard = shards.take(worker.name, now=clock.now(), edition=edition)
            if shard is not None:
                if not worker.send(shard, stop, progress):
                    break
                recovery.recover(journals(), now=clock.now())  # workers that died in the meantime
            # Nothing is ready: try a quarantined email, wait for a limit that ends soon, or finish.
            elif not worker.is_probing and trial.try_next(journals(), edition=edition):
                continue
            elif _is_shard_free_soon(edition):
                time.sleep(POLL_INTERVAL)
            else:
                break
        if worker.accepted:
            took = clock.seconds() - began_at
            logger.info("Sent %d digests in %.1f s", worker.accepted, took, extra={"digests": worker.accepted})
        return worker.accepted


def send_quarantined(shard_pk: int) -> None:
    """Send the one email of this quarantined shard, in a trial process.

    First make another email of the edition, to show that the process crashes only on the quarantined one.
    """
    with shutdown.stop_on_signals(), _worker() as worker:
        if not worker.may_send():
            return
        shard = shards.take_for_trial(shard_pk, worker.name, now=clock.now())
        if shard is not None:
            worker.make_another(shard)
            worker.send(shard, shutdown.is_stop_requested, lambda ended: None)


def journals() -> Path:
    """Return the folder of the journals of this machine's workers."""
    folder: Path = settings.VAR_DIR / "journals"
    return folder


def _is_shard_free_soon(edition: Edition | None) -> bool:
    """Return whether a shard will be ready within seconds, when a rate limit allows it. Then it is worth waiting."""
    soon = clock.now() + dt.timedelta(seconds=BACK_IN)
    return shards.takeable(now=soon, edition=edition).exists()


class Worker:
    """A worker with one transport and one journal. It sends one shard at a time."""

    def __init__(self, journal: Journal, transport: Transport, factory: MessageFactory) -> None:
        _commit_without_waiting()
        self.accepted = 0
        self.name = journal.worker
        self.is_probing = False
        self._journal, self._transport, self._factory = journal, transport, factory
        self._limiters: dict[str, RateLimiter] = {}  # by provider

    def may_send(self) -> bool:
        """Return whether emails may be sent. During a pause one may be sent as a probe; then `is_probing` is set."""
        if not self.is_probing:
            allowed = pauses.emails_allowed_now(now=clock.now())
            self.is_probing = allowed == 1
            return allowed != 0
        return True

    def send(self, shard: Shard, stop: StopRequested, progress: ProgressCallback) -> bool:
        """Send the due deliveries of `shard` and give it back. Return whether to continue with another shard."""
        run = ShardRun(shard, self._journal, self._factory, self._limiter(), stop, is_probe=self.is_probing)
        # Send. The transport pulls emails from the run; the loop repeats if some must be offered again.
        while run.has_work:
            run.limiter = self._limiter()  # the transport may have switched to another provider
            for outcomes in self._transport.send(run.emails(), run.begin):
                run.end(outcomes)
                self.accepted += sum(outcome.result is Result.SENT for outcome in outcomes)
                progress(run.record_if_due())
        # Record the rest. Only then is the journal cleared and the shard given back.
        progress(run.finish())
        self._journal.clear()
        for limiter in self._limiters.values():
            limiter.give_all_back()
        shards.give_back(shard, now=clock.now())
        # If the provider refuses everything, use another one, or pause all sending.
        self.is_probing = run.is_probe and not run.refused
        if run.refused and self._switches_provider(run.refused):
            return True
        if run.refused:
            pauses.start(run.refused, now=clock.now())
        return run.may_continue

    def make_another(self, shard: Shard) -> None:
        """Make an email of the same edition that was already sent, and discard it."""
        sent = Delivery.objects.filter(edition=shard.edition_id, status=Delivery.Status.SENT).order_by("-pk")
        for pk, reader in sent.values_list("pk", "subscriber_id")[:1]:
            list(self._factory.make([DueDelivery(pk, shard.edition_id, reader)]))

    def close(self) -> None:
        self._transport.close()
        if self.is_probing:  # no email was due, so the probe was not used
            pauses.request_probe(now=clock.now())

    def _switches_provider(self, reason: str) -> bool:
        """Switch to the next provider, if there is one. Return whether there is."""
        return isinstance(self._transport, FallbackTransport) and self._transport.switch_provider(reason)

    def _limiter(self) -> RateLimiter:
        name = self._transport.name
        return self._limiters.setdefault(name, RateLimiter(name))


@contextmanager
def _worker() -> Iterator[Worker]:
    journal = Journal(journals())
    worker = Worker(journal, *_transport_and_factory())
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
    """Let SQLite commit without waiting for the disk, because the wait costs a sixth of the speed.

    The price: after a power cut the last emails may be sent twice. PostgreSQL keeps its administrator's setting; there
    the commits of several workers share one wait.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")


def _transport_and_factory() -> tuple[Transport, MessageFactory]:
    names = failover.names()
    if names:
        return FallbackTransport(names, _transport), RawMessageFactory()
    return BackendTransport(), DjangoMessageFactory()


def _transport(name: str) -> Transport:
    return SmtpTransport() if name == SMTP else ApiTransport(name)
