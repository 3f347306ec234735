"""SMTP over several kept connections at once, driven by one thread.

Mails are complete bytes by now; what is left is to write them. After anything but the expected answer a connection is
closed, and the next mail gets a fresh one: servers and clients differ in what they think is left of a transaction.
"""

import selectors
from collections.abc import Iterable, Iterator, Sequence

from django.conf import settings

from digest.delivery.transports import HEARTBEAT, BeginCallback, Mail, begin_all
from digest.delivery.transports.concurrency import ConcurrencyControl
from digest.delivery.transports.connection import Connection
from digest.delivery.transports.handshake import CannotOpenError
from digest.delivery.transports.outcomes import Outcome, Result
from digest.delivery.transports.reply_codes import ReplyMeaning

NO_ANSWER = "The mail server did not answer in time"


class SmtpTransport:
    """Hands over complete mails. Settings: EMAIL_HOST and its kin, SMTP_CONNECTIONS, SMTP_MAILS_PER_CONNECTION."""

    name = "smtp"
    raw = True

    def __init__(self) -> None:
        self._connections: list[Connection] = []
        self._selector = selectors.DefaultSelector()
        self._pace = ConcurrencyControl()

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        source = iter(mails)
        goes_on = True
        while goes_on or self._is_busy():
            if goes_on:
                goes_on, stopped = self._begin(source, begin)
                if stopped:
                    yield stopped
            ready = self._ready() if goes_on or self._is_busy() else []
            if not ready:
                yield ()
            for connection in ready:
                outcome = self._go_on(connection)
                if outcome is not None:
                    goes_on = goes_on and outcome.result is not Result.STOPPED
                    yield (outcome,)

    def close(self) -> None:
        while self._connections:
            self._drop(self._connections[-1])
        self._selector.close()
        self._selector = selectors.DefaultSelector()

    def _is_busy(self) -> bool:
        return any(connection.mail is not None for connection in self._connections)

    def _begin(self, source: Iterator[Mail | None], begin: BeginCallback) -> tuple[bool, list[Outcome]]:
        """Give a mail to each connection that has none; whether there may be more, and outcomes if there can't be."""
        try:
            while not self._pace.is_resting and (connection := self._idle()) is not None:
                mail = next(source)
                if mail is None:
                    break
                for wanted in begin([mail]):
                    connection.start_mail(wanted)
        except StopIteration:
            return False, []
        except CannotOpenError as error:
            return False, [Outcome(mail.delivery_id, Result.STOPPED, str(error)) for mail in _first(source)]
        return True, []

    def _idle(self) -> Connection | None:
        """A connection without a mail in hand, opened if need be; None if there may be no more of them."""
        for connection in [one for one in self._connections if one.mail is None]:
            if not self._is_worn(connection):
                return connection
            self._drop(connection)
        return self._open() if len(self._connections) < self._pace.connections else None

    def _open(self) -> Connection | None:
        """Raises CannotOpenError where it would be the first; else those there are will do."""
        try:
            connection = Connection()
        except CannotOpenError:
            if not self._connections:
                raise
            self._pace.limit_to(len(self._connections))
            return None
        self._connections.append(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        return connection

    def _is_worn(self, connection: Connection) -> bool:
        is_used_up = connection.accepted >= settings.SMTP_MAILS_PER_CONNECTION
        is_one_too_many = len(self._connections) > self._pace.connections
        return is_used_up or is_one_too_many or connection.is_dead or connection.is_stale

    def _drop(self, connection: Connection) -> None:
        self._selector.unregister(connection)
        self._connections.remove(connection)
        connection.close()

    def _ready(self) -> list[Connection]:
        """Wait for a moment; the connections that can go on, or have waited too long."""
        for connection in self._connections:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.wants_to_write else 0)
            if self._selector.get_key(connection).events != events:
                self._selector.modify(connection, events)
        found = [key.fileobj for key, _ in self._selector.select(HEARTBEAT)]
        late = [] if found else [connection for connection in self._connections if connection.is_late]
        return [connection for connection in (*found, *late) if isinstance(connection, Connection)]

    def _go_on(self, connection: Connection) -> Outcome | None:
        mail = connection.mail
        verdict = connection.go_on()
        if verdict is None and connection.is_late:
            verdict = connection.give_up(NO_ANSWER)
        if connection.is_dead:
            self._drop(connection)
        if mail is None or verdict is None:
            return None
        return self._outcome(mail, verdict)

    def _outcome(self, mail: Mail, verdict: ReplyMeaning) -> Outcome:
        if verdict.result is Result.SENT:
            self._pace.note_accepted()
            return Outcome(mail.delivery_id, Result.SENT, provider_id=_queue_id(verdict.reason), papers=mail.papers)
        if verdict.slower:
            self._pace.slow_down()
        return Outcome(mail.delivery_id, verdict.result, verdict.reason, bounce=verdict.bounce)


def _first(source: Iterator[Mail | None]) -> list[Mail]:
    """The next mail, if there is one: the one of which it is said that none can leave."""
    return [mail for mail in [next(source, None)] if mail is not None]


def _queue_id(said: str) -> str:
    """The server's own name for the mail, for finding it in its log: "2.0.0 Ok: queued as 4F2A1B"."""
    return said.rpartition("queued as ")[2].split()[0][:255] if "queued as " in said else ""
