"""Digests leave: claim a row, make the mail, hand it over, write down what became of it. One at a time.

A row is claimed, and committed, before the first byte goes out, and recorded after the mail was accepted. A
worker that dies in between leaves a claimed row, which is sent again after LEASE with the same Message-ID:
nobody is lost, and at most the one mail in hand comes twice.
"""

import datetime as dt
import logging
import math
import time
from collections.abc import Callable, Iterable

from celery.exceptions import SoftTimeLimitExceeded
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import timezone

from digest import interests, reading, rendering
from digest.composing import Digest, compose
from digest.matching import Index
from digest.models import Delivery, DeliveryQuerySet
from subscriptions import failures
from subscriptions.failures import Verdict
from subscriptions.mail import Message
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=10)
MAX_ATTEMPTS = 5
FIRST_WAIT = dt.timedelta(minutes=5)  # trebled with each try: 5, 15, 45 minutes, 2¼ hours
TROUBLES_IN_A_ROW = 5
NOTHING_MATCHED = "Nothing in it matched what the reader follows."

Status = Delivery.Status


def send_queued(
    deliveries: DeliveryQuerySet,
    *,
    track: Callable[[list[int]], Iterable[int]] = iter,
    seconds: float = math.inf,
) -> int:
    """Send those of `deliveries` that are queued and due; how many were accepted.

    Others may work on the same rows: each goes to whoever claims it first. What is not begun after `seconds`
    stays in the queue, and so does the rest when the mail server can't be reached TROUBLES_IN_A_ROW times.
    `track` may wrap the rows to show progress.
    """
    waiting = list(deliveries.queued(timezone.now()).order_by("pk").values_list("pk", flat=True))
    stop_at = time.monotonic() + seconds
    sender = Sender()
    sent = 0
    try:
        for pk in track(waiting):
            if time.monotonic() >= stop_at or sender.troubles >= TROUBLES_IN_A_ROW:
                break
            sent += sender.deliver(pk)
    finally:
        sender.close()
    return sent


def shards(size: int, *, now: dt.datetime) -> list[tuple[int, int]]:
    """The queue as ranges of ids, each of `size` rows at most."""
    pks = list(Delivery.objects.queued(now).order_by("pk").values_list("pk", flat=True))
    return [(part[0], part[-1]) for part in (pks[start : start + size] for start in range(0, len(pks), size))]


def requeue_stuck(*, now: dt.datetime) -> int:
    """Queue again what a dead worker left claimed; after MAX_ATTEMPTS leave it as uncertain. How many."""
    stuck = Delivery.objects.stuck(now - LEASE)
    given_up = stuck.filter(attempts__gte=MAX_ATTEMPTS)
    given_up.update(status=Status.UNCERTAIN, reason=f"A worker died at attempt {MAX_ATTEMPTS}: it may have arrived.")
    return stuck.update(status=Status.QUEUED, not_before=now, reason="A worker died while sending this.")


class Sender:
    """Sends deliveries over one kept connection, and keeps the editions it has read."""

    def __init__(self) -> None:
        self.troubles = 0  # hand-overs in a row that failed for a reason that may pass
        self._connection: BaseEmailBackend | None = None
        self._indexes: dict[tuple[int, dt.date | None], Index] = {}

    def deliver(self, pk: int) -> bool:
        """Bring one delivery to its end, if it can be claimed; whether it was accepted."""
        if not _claim(pk):
            return False
        whole = Delivery.objects.select_related("edition", "subscriber").prefetch_related("subscriber__filters__topic")
        delivery = whole.get(pk=pk)
        try:
            digest = self._compose(delivery)
            if not digest.is_worth_sending:
                _record(delivery, Status.SKIPPED, reason=NOTHING_MATCHED)
                return False
            provider_id = self._hand_over(rendering.build_digest_message(digest, delivery))
        except SoftTimeLimitExceeded:
            raise  # the worker is about to be stopped: the row stays claimed, and is sent again after its lease
        except Exception as error:
            self.close()  # after an error a connection may be out of step; the next mail gets a fresh one
            verdict = failures.classify(error)
            self.troubles = self.troubles + 1 if verdict.again else 0
            _record_failure(delivery, verdict)
            return False
        self.troubles = 0
        _record(
            delivery, Status.SENT, sent_at=timezone.now(), papers=_as_json(digest), provider_id=provider_id, reason=""
        )
        return True

    def close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except Exception:
                logger.debug("The mail connection did not close cleanly", exc_info=True)
            self._connection = None

    def _compose(self, delivery: Delivery) -> Digest:
        since = reading.since(delivery.edition, delivery.subscriber)
        key = (delivery.edition_id, since)
        if key not in self._indexes:
            self._indexes[key] = Index(reading.papers(delivery.edition, since))
        return compose(self._indexes[key], interests.wanted_by(delivery.subscriber), delivery.edition.day)

    def _hand_over(self, message: Message) -> str:
        """Give the message to the mail backend; the provider's id for it, where there is one."""
        if self._connection is None:
            self._connection = get_connection()
            self._connection.open()
        message.connection = self._connection
        message.send()
        status = getattr(message, "anymail_status", None)
        # A provider may take the call and refuse the reader; django-anymail raises nothing then.
        if status is not None and status.status and not status.status <= {"queued", "sent"}:
            raise failures.RefusedError
        message_id = getattr(status, "message_id", None)
        return "" if message_id is None else str(message_id)


def _claim(pk: int) -> bool:
    """Take the row, unless somebody else has it or its reader left in the meantime."""
    queued = Delivery.objects.filter(pk=pk, status=Status.QUEUED)
    # As a subquery and not as a join: Django would update a join by `id IN (SELECT …)`, and of two workers that
    # come at once, PostgreSQL does not look at the SELECT again for the second: both would claim the row.
    active = Subscriber.objects.active().values("pk")
    if queued.filter(subscriber__in=active).update(
        status=Status.SENDING, claimed_at=timezone.now(), attempts=F("attempts") + 1
    ):
        return True
    queued.exclude(subscriber__in=active).update(
        status=Status.SKIPPED, reason="The reader left, or paused, before it was sent."
    )
    return False


def _record(delivery: Delivery, status: str, **fields: object) -> None:
    """Write down what became of it, unless the lease ran out and the row is somebody else's by now."""
    ours = Delivery.objects.filter(pk=delivery.pk, status=Status.SENDING, claimed_at=delivery.claimed_at)
    ours.update(status=status, **fields)


def _record_failure(delivery: Delivery, verdict: Verdict) -> None:
    logger.warning("Delivery %s: %s", delivery.pk, verdict.reason)
    if verdict.again and delivery.attempts < MAX_ATTEMPTS:
        wait = FIRST_WAIT * 3 ** (delivery.attempts - 1)
        _record(delivery, Status.QUEUED, not_before=timezone.now() + wait, reason=verdict.reason)
    else:
        _record(delivery, Status.FAILED, reason=verdict.reason)


def _as_json(digest: Digest) -> list[dict[str, object]]:
    """Which papers went out and why, as it is kept in the row."""
    return [
        {
            "paper": found.paper.key,
            "part": "for you" if found in digest.for_you else "trending",
            "score": found.score,
            "reasons": [vars(reason) for reason in found.reasons],
        }
        for found in digest.matches
    ]
