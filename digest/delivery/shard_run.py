"""One shard on its way through one worker."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from digest import clock
from digest.delivery import pauses, poison_pill, results, shards
from digest.delivery.circuit_breaker import CircuitBreaker
from digest.delivery.deferral import DeferredDeliveries
from digest.delivery.journal import Journal
from digest.delivery.limits.rate_limiter import RateLimiter
from digest.delivery.message_factory import MessageFactory
from digest.delivery.providers.capabilities import capability_of
from digest.delivery.results import CANNOT_TELL
from digest.delivery.shards import LostLeaseError
from digest.delivery.transports import Mail
from digest.delivery.transports.outcomes import Outcome, Result
from digest.email.batch.composer import DeliveryRow
from digest.models import Delivery, Shard
from subscriptions.models import Subscriber

logger = logging.getLogger(__name__)

CHUNK = 100  # mails composed, and their readers looked at again, at a time
FRESH = 0.05  # seconds for which what was read of a reader holds
RECORD_AFTER = 2.0  # seconds
RENEW_AFTER = 30.0  # seconds; well below the lease
LEFT = "The reader left, or paused, before it was sent."

Status = Delivery.Status
_ENDS = (Result.SENT, Result.FAILED, Result.SKIPPED)
_NO_NEWS = (Result.SENT, Result.SKIPPED, Result.HELD, Result.AGAIN, Result.ELSEWHERE)
TROUBLES = (DatabaseError, InterfaceError, OSError, LostLeaseError)
StopAsking = Callable[[], bool]
Rows = dict[int, DeliveryRow]  # by the deliveries' ids


class ShardRun:
    """Hands out the mails of `shard`, lets each begin whose reader still wants it, and notes their ends.

    What the database, the disk or a lost lease can't bear does not leave as an error, since mails may be in hand: no
    more mails come, and `trouble` says why.
    """

    def __init__(
        self,
        shard: Shard,
        journal: Journal,
        maker: MessageFactory,
        limiter: RateLimiter,
        stop: StopAsking,
        *,
        is_probe: bool = False,
    ) -> None:
        self.trouble: Exception | None = None
        self._shard, self._journal, self._maker, self._stop = shard, journal, maker, stop
        self.limiter = limiter
        self._deferred = DeferredDeliveries()
        self._breaker, self._was_probe = CircuitBreaker(is_probe=is_probe), is_probe
        self._is_paused = False
        self._todo: list[int] | None = None
        self._in_doubt: dict[str, list[int]] = {}  # calls that may have been made: each is made again whole, or not
        self._in_hand: set[int] = set()  # of the transport
        self._wanted: set[int] = set()  # by their readers, and not yet begun
        self._looked_at = 0.0  # when that was read, of some of them at least
        self._done: list[Outcome] = []
        self._recorded_at = self._renewed_at = clock.seconds()

    @property
    def refused(self) -> str:
        """Why the server takes no more mails, if it does not."""
        return self._breaker.refused

    @property
    def is_probe(self) -> bool:
        """Whether it is still to be seen that the server takes mails."""
        return self._breaker.is_probe

    @property
    def _leaves(self) -> bool:
        """Whether nothing may come twice."""
        return bool(settings.UNCERTAIN_MAILS == "leave")

    @property
    def may_go_on(self) -> bool:
        return not (self._is_paused or self.refused or self.trouble or self._stop())

    @property
    def goes_on(self) -> bool:
        return (self._todo != [] or bool(self._in_doubt or self._deferred)) and self.may_go_on

    def mails(self) -> Iterator[Mail | None]:
        """Those that are to leave. To be asked for anew while the run `goes_on`: some may have to be offered again."""
        size = 1 if self._shard.is_suspect else CHUNK
        try:
            if self._todo is None:
                self._in_doubt, self._todo = shards.in_doubt_and_due(self._shard, now=clock.now())
            while self.goes_on:
                if self._in_doubt:
                    yield from self._offer_in_doubt(*self._in_doubt.popitem())
                    continue
                if not self._todo or self._deferred.blocks_all:
                    yield from self._wait(size)
                    continue
                chunk, self._todo = self._todo[:size], self._todo[size:]
                if self._shard.is_suspect:
                    yield from self._alone()
                yield from self._offer(chunk)
        except TROUBLES as error:
            self._give_in(error)

    def begin(self, mails: Sequence[Mail], call: str = "") -> list[Mail]:
        """These are about to leave: those that shall. Their readers are looked at again if that was a while ago."""
        pks = {mail.delivery_id for mail in mails}
        try:
            self._look_again()
            begun = pks & self._wanted if self.may_go_on else set()
            if self._leaves:
                begun -= self._left_in_doubt([mail for mail in mails if mail.delivery_id in begun], call)
            self._journal.take_in_hand(begun, call)
        except TROUBLES as error:
            self._give_in(error)
            begun = set()
        self._wanted -= pks
        self._in_hand -= pks - begun
        return [mail for mail in mails if mail.delivery_id in begun]

    def end(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of mails that were handed out and ended together."""
        self._in_hand.difference_update(outcome.delivery_id for outcome in outcomes)
        self._note(*self._breaker.assess(*outcomes))

    def _note(self, *outcomes: Outcome) -> None:
        if not outcomes:
            return
        self._done += outcomes
        again = [one for one in outcomes if one.result in (Result.AGAIN, Result.ELSEWHERE)]
        if again:
            self._todo = sorted([*(self._todo or []), *(one.delivery_id for one in again if not one.call)])
        for one in again:
            if one.call:
                self._in_doubt.setdefault(one.call, []).append(one.delivery_id)
        for outcome in outcomes:
            if outcome.result not in _NO_NEWS:
                logger.warning("Delivery %s: %s: %s", outcome.delivery_id, outcome.result, outcome.reason)
        try:
            self._journal.note(*outcomes)
        except OSError as error:
            self._give_in(error)

    def record_now_and_then(self) -> int:
        """Keep the lease, and record what is done, each as often as needed; how many came to an end."""
        try:
            self._keep_lease()
            return self.record() if clock.seconds() - self._recorded_at > RECORD_AFTER else 0
        except TROUBLES as error:
            self._give_in(error)
            return 0

    def finish(self) -> int:
        """Nothing more will be handed out: write down what is done; how many came to an end."""
        others_leave = self._breaker.holds_unmade and results.others_leave(self._shard.edition_id, now=clock.now())
        self._note(*self._breaker.end(others_leave=others_leave))
        return self.record()

    def record(self) -> int:
        """Write down what is certain; how many came to an end."""
        self._recorded_at, now = clock.seconds(), clock.now()
        results.record(self._done, now=now)
        if self._done:
            poison_pill.note_progress(self._shard)
        self._heed_pauses(now)
        ended = sum(outcome.result in _ENDS for outcome in self._done)
        self._done = []
        return ended

    def _offer_in_doubt(self, call: str, pks: list[int]) -> Iterator[Mail | None]:
        """A call that may have been made, where it is to be made again."""
        is_whole = not self._shard.is_suspect  # else each goes alone, and the key is good for all of it or for none
        provider = self.limiter.provider if is_whole else ""
        if self._leaves and not results.can_settle(call, pks, provider, now=clock.now()):
            self._note(*(Outcome(pk, Result.UNCERTAIN, CANNOT_TELL, call=call) for pk in pks))
        elif is_whole:
            yield from self._offer_call(call, sorted(pks))
        else:
            self._todo = sorted([*(self._todo or []), *pks])

    def _offer_call(self, call: str, pks: list[int]) -> Iterator[Mail | None]:
        """As it was, without asking limits, which let it pass before; a None parts it from what comes next.

        It is not announced: its doubt is on record.
        """
        if self.is_probe:
            yield from self._alone()
        made = [replace(mail, call=call) for mail in self._make(pks, lambda wanted: wanted, announced=0)]
        if not self.may_go_on:
            return
        for mail in made:
            self._in_hand.add(mail.delivery_id)
            yield mail
        yield None

    def _offer(self, chunk: list[int]) -> Iterator[Mail | None]:
        for made in self._make(chunk, self._release_allowed, announced=chunk[-1]):
            if self.is_probe:
                yield from self._alone()
            if not self.may_go_on:
                return
            if made.delivery_id in self._wanted:
                self._in_hand.add(made.delivery_id)
                yield made

    def _make(self, pks: list[int], let_out: Callable[[Rows], Rows], *, announced: int) -> Iterator[Mail]:
        """The mails of those whose readers still want them."""
        self._renew(announced=announced)
        read_at, wanted = clock.seconds(), let_out(self._still_wanted(pks))
        self._looked_at = min(self._looked_at, read_at) if self._wanted else read_at
        self._wanted |= wanted.keys()
        # Where keys are made of it: to read it costs a tenth of a mail by SMTP.
        since = shards.queued_at(wanted) if capability_of(self.limiter.provider).keyed else {}
        for made in self._maker.make(list(wanted.values())):
            if isinstance(made, Mail):
                yield replace(made, queued_at=since[made.delivery_id]) if since else made
                continue
            self._note(*([made] if made.result is Result.SKIPPED else self._breaker.assess(made)))
            self._deferred.return_unused(made.delivery_id, self.limiter)
            self._wanted.discard(made.delivery_id)

    def _left_in_doubt(self, mails: Sequence[Mail], call: str) -> set[int]:
        """Those that may have been handed over, would be so in another call, and must not come twice."""
        doubtful = [mail for mail in mails if mail.call not in ("", call)]
        self._note(*(Outcome(mail.delivery_id, Result.UNCERTAIN, CANNOT_TELL, call=mail.call) for mail in doubtful))
        return {mail.delivery_id for mail in doubtful}

    def _look_again(self) -> None:
        if clock.seconds() - self._looked_at > FRESH:
            self._keep_lease()
            self._looked_at = clock.seconds()
            self._wanted = set(self._still_wanted(sorted(self._wanted)))

    def _release_allowed(self, wanted: Rows) -> Rows:
        """Those that no limit holds back."""
        if self.limiter.is_open or not wanted:
            return wanted
        free, held = self._deferred.release_allowed(wanted, self.limiter)
        self._note(*held)
        return free

    def _wait(self, most: int) -> Iterator[None]:
        """What is left is held back by limits: wait for its turn, unless there is other work."""
        if self._deferred and shards.has_other_work(now=clock.now(), untried=not self._deferred.has_waited_too_long):
            self._note(*self._deferred.abandon_all())
        self._todo = [*self._deferred.ready(self.limiter, most), *(self._todo or [])]
        if not self._todo or self._deferred.blocks_all:
            yield None

    def _alone(self) -> Iterator[None]:
        """Wait until nothing is in hand, and record it: if the worker dies of the next mail, that one did it."""
        while self._in_hand and self.trouble is None:
            yield None
        self.record()

    def _heed_pauses(self, now: dt.datetime) -> None:
        """A probe that succeeded ends the pause; one that began elsewhere ends this run."""
        if self.is_probe:
            return
        if self._was_probe:
            self._was_probe = False
            pauses.end_probed(now=now)
        self._is_paused = pauses.current() is not None

    def _keep_lease(self) -> None:
        if clock.seconds() - self._renewed_at > RENEW_AFTER:
            self._renew()

    def _renew(self, announced: int = 0) -> None:
        self._renewed_at = clock.seconds()
        shards.renew(self._shard, announced=announced)

    def _still_wanted(self, pks: list[int]) -> Rows:
        """Those whose readers still want them. The others are skipped."""
        if not pks:
            return {}
        queued = Delivery.objects.filter(pk__range=(pks[0], pks[-1]), edition=self._shard.edition_id)
        rows = queued.filter(status=Status.QUEUED).order_by("pk")
        asked, wanted, edition_id = set(pks), {}, self._shard.edition_id
        for pk, reader, status in rows.values_list("pk", "subscriber_id", "subscriber__status"):
            if pk not in asked:
                continue
            if status == Subscriber.Status.ACTIVE:
                wanted[pk] = DeliveryRow(pk, edition_id, reader)
            else:
                self._note(Outcome(pk, Result.SKIPPED, LEFT))
        return wanted

    def _give_in(self, error: Exception) -> None:
        logger.warning("%s is left for now: %s: %s", self._shard, type(error).__name__, error)
        self.trouble = self.trouble or error
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()  # what is in hand may be recorded over a new one
