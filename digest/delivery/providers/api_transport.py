"""A transport that sends over a provider's API: several calls at once, each as large as the provider allows."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from digest.delivery.providers.capabilities import BatchMode, capability_of
from digest.delivery.providers.client import ProviderClient, group_into_calls
from digest.delivery.providers.merge_variables import MergeGroup
from digest.delivery.transports import HEARTBEAT, BeginCallback, Mail, begin_all
from digest.delivery.transports.outcomes import Outcome, Result

logger = logging.getLogger(__name__)

PAUSE = 0.1  # seconds
EMAILS_GROUPED = 500  # emails that are grouped into calls together


class ApiTransport:
    """A transport for complete emails. Settings: ANYMAIL, API_CONNECTIONS."""

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
        except Exception as error:  # reported to the operators, and tried again once it may be fixed
            logger.exception("A call to %s can't be made", self.name)
            is_configuration = isinstance(error, ImproperlyConfigured)
            reason = (
                str(error) if is_configuration else f"Internal error, please report: {type(error).__name__}: {error}"
            )
            return _stopped(group.mails, reason)

    def _client(self) -> ProviderClient:
        if not hasattr(self._clients, "own"):
            self._clients.own = ProviderClient(self.name)
            self._open.append(self._clients.own)
        client: ProviderClient = self._clients.own
        return client


class _BatchSend:
    """The state of one call of `ApiTransport.send`."""

    def __init__(self, transport: ApiTransport, mails: Iterator[Mail | None], begin: BeginCallback) -> None:
        self._transport, self._mails, self._begin = transport, mails, begin
        self._window = 1 if capability_of(transport.name).mode is BatchMode.SINGLE else EMAILS_GROUPED
        self._waiting: list[MergeGroup] = []  # grouped, and not yet sent
        self._calls: set[Future[list[Outcome]]] = set()
        self._is_over = False  # no more emails come
        self._is_stopped = False

    def run(self) -> Iterator[Sequence[Outcome]]:
        while True:
            self._start_calls()
            if not self._calls:
                if self._is_over or self._is_stopped:
                    return
                time.sleep(PAUSE)  # a rate limit holds all emails back
                yield ()
                continue
            done, _ = wait(self._calls, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
            if not done:
                yield ()
            for call in done:
                self._calls.remove(call)
                yield self._check_stopped(call.result())

    def _check_stopped(self, outcomes: list[Outcome]) -> list[Outcome]:
        stopped = next((outcome for outcome in outcomes if outcome.result is Result.STOPPED), None)
        if stopped:
            self._is_stopped = True
            waiting = [mail for group in self._waiting for mail in group.mails]
            outcomes = outcomes + _stopped(waiting, stopped.reason)
            self._waiting.clear()
        return outcomes

    def _start_calls(self) -> None:
        while len(self._calls) < settings.API_CONNECTIONS and not self._is_stopped:
            if not self._waiting:
                self._waiting = list(group_into_calls(self._transport.name, self._pull()))
            if not self._waiting:
                return
            group = self._waiting.pop(0)
            wanted = group.only(self._begin(group.mails, group.key))
            if wanted.mails:
                self._calls.add(self._transport.submit(wanted))

    def _pull(self) -> list[Mail]:
        """Return the next emails: at most a window, or as many as there are for now."""
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
