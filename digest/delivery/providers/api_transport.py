"""A transport that hands mails over by a provider's interface: several calls at once, as large as it takes them."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from digest.delivery.providers.capabilities import BatchMode, capability_of
from digest.delivery.providers.client import ProviderClient, in_calls
from digest.delivery.providers.merge_variables import MergeGroup
from digest.delivery.transports import HEARTBEAT, BeginCallback, Mail, begin_all
from digest.delivery.transports.outcomes import Outcome, Result

logger = logging.getLogger(__name__)

A_MOMENT = 0.1  # seconds
WINDOW = 500  # mails looked through for those that share a call


class ApiTransport:
    """Hands over complete mails. Settings: ANYMAIL, API_CONNECTIONS."""

    raw = True

    def __init__(self, provider: str) -> None:
        self.name = provider
        self._clients = threading.local()
        self._open: list[ProviderClient] = []
        self._threads = ThreadPoolExecutor(settings.API_CONNECTIONS, thread_name_prefix=provider)

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        return _BatchSend(self, iter(mails), begin).run()

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        for client in self._open:
            client.close()
        self._open.clear()

    def submit(self, group: MergeGroup) -> "Future[list[Outcome]]":
        return self._threads.submit(self._call, group)

    def _call(self, group: MergeGroup) -> list[Outcome]:
        try:
            return self._client().send(group)
        except Exception as error:  # told, and tried again when it may be mended
            logger.exception("A call to %s can't be made", self.name)
            is_theirs = isinstance(error, ImproperlyConfigured)
            reason = str(error) if is_theirs else f"Internal error, please report: {type(error).__name__}: {error}"
            return _stopped(group.mails, reason)

    def _client(self) -> ProviderClient:
        if not hasattr(self._clients, "own"):
            self._clients.own = ProviderClient(self.name)
            self._open.append(self._clients.own)
        client: ProviderClient = self._clients.own
        return client


class _BatchSend:
    """One call of `send`."""

    def __init__(self, transport: ApiTransport, mails: Iterator[Mail | None], begin: BeginCallback) -> None:
        self._transport, self._mails, self._begin = transport, mails, begin
        self._window = 1 if capability_of(transport.name).kind is BatchMode.SINGLE else WINDOW
        self._waiting: list[MergeGroup] = []  # made, and not begun
        self._calls: set[Future[list[Outcome]]] = set()
        self._is_over = False  # no more mails come
        self._is_stopped = False

    def run(self) -> Iterator[Sequence[Outcome]]:
        while True:
            self._begin_what_can_be()
            if not self._calls:
                if self._is_over or self._is_stopped:
                    return
                time.sleep(A_MOMENT)  # a limit holds all back
                yield ()
                continue
            done, _ = wait(self._calls, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
            if not done:
                yield ()
            for call in done:
                self._calls.remove(call)
                yield self._told(call.result())

    def _told(self, outcomes: list[Outcome]) -> list[Outcome]:
        stopped = next((outcome for outcome in outcomes if outcome.result is Result.STOPPED), None)
        if stopped:
            self._is_stopped = True
            waiting = [mail for group in self._waiting for mail in group.mails]
            outcomes = outcomes + _stopped(waiting, stopped.reason)
            self._waiting.clear()
        return outcomes

    def _begin_what_can_be(self) -> None:
        while len(self._calls) < settings.API_CONNECTIONS and not self._is_stopped:
            if not self._waiting:
                self._waiting = list(in_calls(self._transport.name, self._pull()))
            if not self._waiting:
                return
            group = self._waiting.pop(0)
            wanted = group.only(self._begin(group.mails, group.key))
            if wanted.mails:
                self._calls.add(self._transport.submit(wanted))

    def _pull(self) -> list[Mail]:
        """As many mails as may be looked through, or as there are for now."""
        pulled: list[Mail] = []
        while len(pulled) < self._window and not self._is_over:
            mail = next(self._mails, self)
            if mail is self:
                self._is_over = True
            elif mail is None:
                break
            elif isinstance(mail, Mail):
                pulled.append(mail)
        return pulled


def _stopped(mails: list[Mail], reason: str) -> list[Outcome]:
    return [Outcome(mail.delivery_id, Result.STOPPED, reason, call=mail.call) for mail in mails]
