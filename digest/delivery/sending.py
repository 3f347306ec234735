"""A worker at work: it takes a shard, sends what is due of it, writes down what became of it, takes the next."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from digest.delivery import clock, recovery, shards, stopping
from digest.delivery.journal import Journal
from digest.delivery.making import Maker, PlainMaker, RawMaker
from digest.delivery.outcomes import Outcome, Result
from digest.delivery.run import Run, StopAsking
from digest.delivery.transports import Transport
from digest.delivery.transports.backend import BackendTransport
from digest.delivery.transports.smtp import SmtpTransport
from digest.models import Edition, Shard

logger = logging.getLogger(__name__)

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

Progress = Callable[[int], object]


def send_due(
    *, edition: Edition | None = None, seconds: float = math.inf, progress: Progress = lambda ended: None
) -> int:
    """Send all that is due and that no other worker has in hand; how many mails were accepted.

    What is not begun after `seconds`, or when the process is asked to stop, stays in the queue. `progress` is told
    how many deliveries came to an end since it was last told.
    """
    recovery.recover(journals(), now=timezone.now())
    ends_at = clock.seconds() + seconds
    with stopping.heeded(), _worker() as worker:
        while not (stopping.is_asked() or clock.seconds() >= ends_at):
            shard = shards.take(worker.name, now=timezone.now(), edition=edition)
            if shard is None or not worker.send(
                shard, lambda: stopping.is_asked() or clock.seconds() >= ends_at, progress
            ):
                break
        return worker.accepted


def journals() -> Path:
    """Where this machine's workers keep their journals."""
    folder: Path = settings.VAR_DIR / "journals"
    return folder


class Worker:
    """Sends shards over one transport, with one journal."""

    def __init__(self, journal: Journal, transport: Transport, maker: Maker) -> None:
        self.accepted = 0
        self.name = journal.worker
        self._journal, self._transport, self._maker = journal, transport, maker

    def send(self, shard: Shard, stop: StopAsking, progress: Progress) -> bool:
        """Send what is due of `shard` and give it back; whether to go on with another."""
        run = Run(shard, self._journal, self._maker, stop)
        while run.goes_on:
            for outcome in self._transport.send(run.mails()):
                if outcome is not None:
                    self._note(outcome, run)
                progress(run.record_now_and_then())
        progress(run.record())
        self._journal.clear()
        shards.give_back(shard, now=timezone.now())
        return not run.is_stopped and run.trouble is None

    def _note(self, outcome: Outcome, run: Run) -> None:
        run.note(outcome)
        self.accepted += outcome.result is Result.SENT
        if outcome.result is not Result.SENT:
            logger.warning("Delivery %s: %s: %s", outcome.delivery_id, outcome.result, outcome.reason)


@contextmanager
def _worker() -> Iterator[Worker]:
    journal = Journal(journals())
    transport, maker = _way_out()
    try:
        yield Worker(journal, transport, maker)
    except BaseException:
        journal.abandon()
        raise
    else:
        journal.close()
    finally:
        transport.close()


def _way_out() -> tuple[Transport, Maker]:
    if settings.EMAIL_BACKEND == SMTP_BACKEND:
        return SmtpTransport(), RawMaker()
    return BackendTransport(), PlainMaker()
