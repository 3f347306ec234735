"""One worker's run over one shard, from claiming it to giving it back.

The worker has claimed the shard. The run reads which of its deliveries are due (`emails`), makes their emails in
chunks, and yields them to the transport. Right before an email is sent, the transport calls `begin`: the run checks
that the reader still wants it, and writes it to the journal as in flight. When the transport reports results, `end`
passes them through the circuit breaker and into the journal, and every few seconds `record_if_due` records them in the
database and renews the lease. Finally, `finish` records the rest, and the worker gives the shard back.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from digest import clock, counters
from digest.delivery import high_water, pauses, poison_pill, results, shards
from digest.delivery.circuit_breaker import CircuitBreaker
from digest.delivery.deferral import DeferredDeliveries
from digest.delivery.high_water import DatabaseWentBackError
from digest.delivery.journal import Journal
from digest.delivery.limits.rate_limiter import RateLimiter
from digest.delivery.message_factory import MessageFactory
from digest.delivery.providers.capabilities import capability_of
from digest.delivery.results import CANNOT_TELL
from digest.delivery.sent_log import SentLog
from digest.delivery.shards import LostLeaseError
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result
from digest.email.batch.composer import DueDelivery
from digest.models import Delivery, Installation, Shard
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

CHUNK = 100  # deliveries whose readers are loaded, and emails built, together
RECHECK_AFTER = 0.05  # seconds until a reader's status is read again
RECORD_AFTER = 2.0  # seconds
RENEW_AFTER = 30.0  # seconds; well below the lease
LEFT_REASON = "The reader unsubscribed or paused before it was sent."

Status = Delivery.Status
_FINAL = (Result.SENT, Result.FAILED, Result.SKIPPED)
_COUNTED = (Result.SENT, Result.RETRY_LATER, Result.FAILED, Result.UNCERTAIN)
_NOT_LOGGED = (Result.SENT, Result.SKIPPED, Result.DEFERRED, Result.REOFFER, Result.NEXT_PROVIDER)
_ENDING_ERRORS = (DatabaseError, InterfaceError, OSError, LostLeaseError, DatabaseWentBackError)
StopRequested = Callable[[], bool]
Rows = dict[int, DueDelivery]  # by delivery id


class ShardRun:
    """A worker's run over `shard`: it offers emails to the transport, and collects and records their results.

    Errors of the database or the disk and a lost lease are not raised, because emails may be in flight. The run then
    offers no more emails, and `error` says why.
    """

    def __init__(
        self,
        shard: Shard,
        journal: Journal,
        factory: MessageFactory,
        limiter: RateLimiter,
        stop: StopRequested,
        *,
        is_probe: bool = False,
    ) -> None:
        self.error: Exception | None = None
        self._shard, self._journal, self._factory, self._stop = shard, journal, factory, stop
        self.limiter = limiter
        self._day = shard.edition.day
        self._sent_log = SentLog(Installation.load().incarnation, self._day)
        self._readers: dict[int, int] = {}  # of the deliveries that have begun and are not recorded
        self._deferred = DeferredDeliveries()
        self._breaker, self._was_probe = CircuitBreaker(is_probe=is_probe), is_probe
        self._is_paused = False
        self._pending: list[int] | None = None  # None until the shard is read
        self._uncertain_calls: dict[str, list[int]] = {}  # by key; a call is repeated with all of its deliveries
        self._in_flight: set[int] = set()  # offered to the transport, and not finished
        self._wanted: set[int] = set()  # not begun; their readers still wanted the email at the last check
        self._checked_at = 0.0  # the time of the oldest check of `_wanted`, in the clock's seconds
        self._unrecorded: list[Outcome] = []
        self._attempts = Counter[tuple[str, counters.Labels]]()  # emails that were tried, for /metrics
        self._recorded_at = self._renewed_at = clock.seconds()

    @property
    def refused(self) -> str:
        """The reason why the server refuses all emails, or an empty string."""
        return self._breaker.refused

    @property
    def is_probe(self) -> bool:
        """Return whether the run is a probe, and no email was accepted yet."""
        return self._breaker.is_probe

    @property
    def _allows_no_repeats(self) -> bool:
        """Return whether an email that may have arrived must not be sent again."""
        return bool(settings.UNCERTAIN_MAILS == "leave")

    @property
    def may_continue(self) -> bool:
        return not (self._is_paused or self.refused or self.error or self._stop())

    @property
    def has_work(self) -> bool:
        """Return whether emails are left to offer, and may be offered."""
        return (self._pending != [] or bool(self._uncertain_calls or self._deferred)) and self.may_continue

    def emails(self) -> Iterator[Mail | None]:
        """Yield the emails to send, and None while none may be sent.

        Call it again while the run `has_work`, because some emails may have to be offered again.
        """
        size = 1 if self._shard.is_suspect else CHUNK
        try:
            # 1. Read the shard, once.
            if self._pending is None:
                self._uncertain_calls, self._pending = shards.uncertain_and_due(self._shard, now=clock.now())
            while self.has_work:
                # 2. Repeat the calls that may have been made, while the provider still knows their keys.
                if self._uncertain_calls:
                    yield from self._offer_uncertain_call(*self._uncertain_calls.popitem())
                    continue
                # 3. Wait if all that is left is held back by rate limits.
                if not self._pending or self._deferred.blocks_all:
                    yield from self._wait(size)
                    continue
                # 4. Offer the next chunk; one email alone if workers have died with this shard.
                chunk, self._pending = self._pending[:size], self._pending[size:]
                if self._shard.is_suspect:
                    yield from self._wait_until_idle()
                yield from self._offer(chunk)
        except _ENDING_ERRORS as error:
            self._stop_after(error)

    def begin(self, mails: Sequence[Mail], call: str = "") -> list[Mail]:
        """Return the emails that may be sent now, and write them to the journal. The transport sends no others."""
        pks = {mail.delivery_id for mail in mails}
        try:
            self._recheck_readers()
            begun = pks & self._wanted if self.may_continue else set()
            if self._allows_no_repeats:
                begun -= self._leave_uncertain([mail for mail in mails if mail.delivery_id in begun], call)
            self._sent_log.begin([self._readers[pk] for pk in begun])
            self._journal.add_in_flight(begun, call)
        except _ENDING_ERRORS as error:
            self._stop_after(error)
            begun = set()
        self._wanted -= pks
        self._in_flight -= pks - begun
        return [mail for mail in mails if mail.delivery_id in begun]

    def end(self, outcomes: Sequence[Outcome]) -> None:
        """Process the results of offered emails that ended together."""
        self._in_flight.difference_update(outcome.delivery_id for outcome in outcomes)
        self._attempts.update(
            ("digest_attempts", counters.labels(provider=self.limiter.provider, result=outcome.result))
            for outcome in outcomes
            if outcome.result in _COUNTED
        )
        self._add(*self._breaker.assess(*outcomes))

    def _add(self, *outcomes: Outcome) -> None:
        """Keep results that are certain for the database, and write them to the journal."""
        if not outcomes:
            return
        self._unrecorded += outcomes
        # Offer again the emails that no server accepted or refused: with their call if it has a key, else alone.
        again = [outcome for outcome in outcomes if outcome.result in (Result.REOFFER, Result.NEXT_PROVIDER)]
        if again:
            self._pending = sorted([*(self._pending or []), *(o.delivery_id for o in again if not o.call)])
        for outcome in again:
            if outcome.call:
                self._uncertain_calls.setdefault(outcome.call, []).append(outcome.delivery_id)
        for outcome in outcomes:
            if outcome.result not in _NOT_LOGGED:
                logger.warning("Delivery %s: %s: %s", outcome.delivery_id, outcome.result, outcome.reason)
        try:
            self._journal.add_outcomes(*outcomes)
        except OSError as error:
            self._stop_after(error)

    def record_if_due(self) -> int:
        """Renew the lease and record the results, each if it is time. Return how many deliveries ended."""
        try:
            self._renew_if_due()
            return self.record() if clock.seconds() - self._recorded_at > RECORD_AFTER else 0
        except _ENDING_ERRORS as error:
            self._stop_after(error)
            return 0

    def finish(self) -> int:
        """Record everything, because no more emails will be offered. Return how many deliveries ended."""
        others_are_accepted = self._breaker.holds_unmade and results.others_are_accepted(
            self._shard.edition_id, now=clock.now()
        )
        self._add(*self._breaker.end(others_are_accepted=others_are_accepted))
        return self.record()

    def record(self) -> int:
        """Record the results that are certain in the database. Return how many deliveries ended."""
        self._recorded_at, now = clock.seconds(), clock.now()
        if self._unrecorded:
            self._record_outcomes(now)
            poison_pill.note_progress(self._shard)
        self._update_pause(now)
        ended = sum(outcome.result in _FINAL for outcome in self._unrecorded)
        self._unrecorded = []
        counters.add(self._attempts)
        self._attempts = Counter()
        return ended

    def _record_outcomes(self, now: dt.datetime) -> None:
        done = [outcome.delivery_id for outcome in self._unrecorded]
        readers = [self._readers[pk] for pk in done if pk in self._readers]
        self._sent_log.end(self._unrecorded, self._readers)  # first, because it outlives this database
        highest = {"delivery": max(done), "reader": max(readers, default=0)}
        with high_water.advancing(now=now, day=self._day, **highest):
            results.record(self._unrecorded, now=now)
        for outcome in self._unrecorded:
            if outcome.result not in (Result.REOFFER, Result.NEXT_PROVIDER):  # those are being offered again
                self._readers.pop(outcome.delivery_id, None)

    def _offer_uncertain_call(self, call: str, pks: list[int]) -> Iterator[Mail | None]:
        """Repeat a call that may have been made, if the provider can settle it or duplicates are allowed."""
        # The emails of a suspect shard are sent one at a time, but a key is valid only for the whole call.
        is_whole = not self._shard.is_suspect
        provider = self.limiter.provider if is_whole else ""
        if self._allows_no_repeats and not results.can_settle(call, pks, provider, now=clock.now()):
            self._add(*(Outcome(pk, Result.UNCERTAIN, CANNOT_TELL, call=call) for pk in pks))
        elif is_whole:
            yield from self._offer_call(call, sorted(pks))
        else:
            self._pending = sorted([*(self._pending or []), *pks])

    def _offer_call(self, call: str, pks: list[int]) -> Iterator[Mail | None]:
        """Yield the emails of a call as it was, and then None, which separates it from the next.

        The rate limits are not consulted, because they have already allowed this call. The call is not announced,
        because it is already recorded as uncertain.
        """
        if self.is_probe:
            yield from self._wait_until_idle()
        made = [replace(mail, call=call) for mail in self._make(pks, lambda wanted: wanted, announced=0)]
        if not self.may_continue:
            return
        for mail in made:
            self._in_flight.add(mail.delivery_id)
            yield mail
        yield None

    def _offer(self, chunk: list[int]) -> Iterator[Mail | None]:
        for made in self._make(chunk, self._apply_limits, announced=chunk[-1]):
            if self.is_probe:
                yield from self._wait_until_idle()
            if not self.may_continue:
                return
            if made.delivery_id in self._wanted:
                self._in_flight.add(made.delivery_id)
                yield made

    def _make(self, pks: list[int], apply_limits: Callable[[Rows], Rows], *, announced: int) -> Iterator[Mail]:
        """Make the emails that are still wanted, and that `apply_limits` lets pass."""
        # 1. Announce them in the shard, before anything is done with them.
        self._renew(announced=announced)
        # 2. Read which readers still want theirs, and which of these the rate limits let pass.
        read_at, wanted = clock.seconds(), apply_limits(self._still_wanted(pks))
        self._checked_at = min(self._checked_at, read_at) if self._wanted else read_at
        self._wanted |= wanted.keys()
        # 3. Idempotency keys contain the time of queueing. Reading it takes a tenth as long as sending over SMTP.
        queued_at = shards.queued_at(wanted) if capability_of(self.limiter.provider).keyed else {}
        # 4. Make the emails. If one can't be made, keep the reason, and give back its share of the limits.
        for made in self._factory.make(list(wanted.values())):
            if isinstance(made, Mail):
                yield replace(made, queued_at=queued_at[made.delivery_id]) if queued_at else made
                continue
            self._add(*([made] if made.result is Result.SKIPPED else self._breaker.assess(made)))
            self._deferred.return_unused(made.delivery_id, self.limiter)
            self._wanted.discard(made.delivery_id)

    def _leave_uncertain(self, mails: Sequence[Mail], call: str) -> set[int]:
        """Mark as uncertain the emails that may have been sent in another call. Return their delivery ids."""
        uncertain = [mail for mail in mails if mail.call not in ("", call)]
        self._add(*(Outcome(mail.delivery_id, Result.UNCERTAIN, CANNOT_TELL, call=mail.call) for mail in uncertain))
        return {mail.delivery_id for mail in uncertain}

    def _recheck_readers(self) -> None:
        """Read the readers again if the last check is too old, and renew the lease if it is time."""
        if clock.seconds() - self._checked_at > RECHECK_AFTER:
            self._renew_if_due()
            self._checked_at = clock.seconds()
            self._wanted = set(self._still_wanted(sorted(self._wanted)))

    def _apply_limits(self, wanted: Rows) -> Rows:
        """Return the rows that the rate limits let pass, and defer the others."""
        if self.limiter.is_unlimited or not wanted:
            return wanted
        allowed, held = self._deferred.release_allowed(wanted, self.limiter)
        self._add(*held)
        return allowed

    def _wait(self, most: int) -> Iterator[None]:
        """Wait until the rate limits allow the next emails, or give them up if there is other work."""
        if self._deferred and shards.has_other_work(now=clock.now(), untried=not self._deferred.has_waited_too_long):
            self._add(*self._deferred.abandon_all())
        self._pending = [*self._deferred.ready(self.limiter, most), *(self._pending or [])]
        if not self._pending or self._deferred.blocks_all:
            yield None

    def _wait_until_idle(self) -> Iterator[None]:
        """Wait until nothing is in flight, and record it. If the worker then dies, the next email is to blame."""
        while self._in_flight and self.error is None:
            yield None
        self.record()

    def _update_pause(self, now: dt.datetime) -> None:
        """End the pause if a probe was accepted. Note whether another worker has started a pause."""
        if self.is_probe:
            return
        if self._was_probe:
            self._was_probe = False
            pauses.end_probed(now=now)
        self._is_paused = pauses.current() is not None

    def _renew_if_due(self) -> None:
        if clock.seconds() - self._renewed_at > RENEW_AFTER:
            self._renew()

    def _renew(self, announced: int = 0) -> None:
        self._renewed_at = clock.seconds()
        shards.renew(self._shard, announced=announced)

    def _still_wanted(self, pks: list[int]) -> Rows:
        """Return the queued deliveries of active readers. Skip those of other readers."""
        if not pks:
            return {}
        queued = Delivery.objects.filter(pk__range=(pks[0], pks[-1]), edition=self._shard.edition_id)
        rows = queued.filter(status=Status.QUEUED).order_by("pk")
        asked, wanted, edition_id = set(pks), {}, self._shard.edition_id
        for pk, reader, status in rows.values_list("pk", "subscriber_id", "subscriber__status"):
            if pk not in asked:
                continue
            if status == Subscriber.Status.ACTIVE:
                wanted[pk] = DueDelivery(pk, edition_id, reader)
                self._readers[pk] = reader
            else:
                self._add(Outcome(pk, Result.SKIPPED, LEFT_REASON))
        return wanted

    def _stop_after(self, error: Exception) -> None:
        """Offer no more emails. The emails in flight finish, and are recorded over a new database connection."""
        logger.warning("Stopped sending %s until a retry: %s: %s", self._shard, type(error).__name__, error)
        self.error = self.error or error
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
