"""A transport that sends over several open SMTP connections, in one thread.

The emails are complete bytes. After an unexpected reply a connection is closed, and the next email gets a new one,
because servers differ in what they remember of a failed transaction.
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
    """A transport for complete emails.

    Settings: those of `handshake.open_socket`, SMTP_CONNECTIONS, SMTP_MAILS_PER_CONNECTION.
    """

    name = "smtp"
    raw = True

    def __init__(self) -> None:
        self._connections: list[Connection] = []
        self._selector = selectors.DefaultSelector()
        self._concurrency = ConcurrencyControl()

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        source = iter(mails)
        may_start = True
        while may_start or self._is_busy():
            if may_start:
                may_start, stopped = self._begin(source, begin)
                if stopped:
                    yield stopped
            ready = self._ready() if may_start or self._is_busy() else []
            if not ready:
                yield ()
            for connection in ready:
                outcome = self._advance(connection)
                if outcome is not None:
                    may_start = may_start and outcome.result is not Result.STOPPED
                    yield (outcome,)

    def close(self) -> None:
        while self._connections:
            self._drop(self._connections[-1])
        self._selector.close()
        self._selector = selectors.DefaultSelector()

    def _is_busy(self) -> bool:
        return any(connection.mail is not None for connection in self._connections)

    def _begin(self, source: Iterator[Mail | None], begin: BeginCallback) -> tuple[bool, list[Outcome]]:
        """Give an email to each idle connection.

        Return whether there may be more emails; and, if no connection can be opened, an outcome for the next one.
        """
        try:
            while not self._concurrency.is_resting and (connection := self._idle()) is not None:
                mail = next(source)
                if mail is None:
                    break
                for wanted in begin([mail]):
                    connection.start_mail(wanted)
        except StopIteration:
            return False, []
        except CannotOpenError as error:
            return False, [Outcome(mail.delivery_id, Result.STOPPED, str(error)) for mail in _next_mail(source)]
        return True, []

    def _idle(self) -> Connection | None:
        """Return an idle connection, opened if necessary, or None if no more are allowed."""
        for connection in [each for each in self._connections if each.mail is None]:
            if not self._is_worn_out(connection):
                return connection
            self._drop(connection)
        return self._open() if len(self._connections) < self._concurrency.connections else None

    def _open(self) -> Connection | None:
        """Open a connection. If that fails, use only the open ones, or raise CannotOpenError if there are none."""
        try:
            connection = Connection()
        except CannotOpenError:
            if not self._connections:
                raise
            self._concurrency.limit_to(len(self._connections))
            return None
        self._connections.append(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        return connection

    def _is_worn_out(self, connection: Connection) -> bool:
        is_used_up = connection.accepted >= settings.SMTP_MAILS_PER_CONNECTION
        is_one_too_many = len(self._connections) > self._concurrency.connections
        return is_used_up or is_one_too_many or connection.is_dead or connection.is_stale

    def _drop(self, connection: Connection) -> None:
        self._selector.unregister(connection)
        self._connections.remove(connection)
        connection.close()

    def _ready(self) -> list[Connection]:
        """Wait for a moment. Return the connections that can read or write, or else those that waited too long."""
        for connection in self._connections:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.wants_to_write else 0)
            if self._selector.get_key(connection).events != events:
                self._selector.modify(connection, events)
        ready = [key.fileobj for key, _ in self._selector.select(HEARTBEAT)]
        late = [] if ready else [connection for connection in self._connections if connection.is_late]
        return [connection for connection in (*ready, *late) if isinstance(connection, Connection)]

    def _advance(self, connection: Connection) -> Outcome | None:
        mail = connection.mail
        ending = connection.advance()
        if ending is None and connection.is_late:
            ending = connection.give_up(NO_ANSWER)
        if connection.is_dead:
            self._drop(connection)
        if mail is None or ending is None:
            return None
        return self._outcome(mail, ending)

    def _outcome(self, mail: Mail, ending: ReplyMeaning) -> Outcome:
        if ending.result is Result.SENT:
            self._concurrency.note_accepted()
            return Outcome(mail.delivery_id, Result.SENT, provider_id=_queue_id(ending.reason), papers=mail.papers)
        if ending.slower:
            self._concurrency.slow_down()
        return Outcome(mail.delivery_id, ending.result, ending.reason, bounce=ending.bounce)


def _next_mail(source: Iterator[Mail | None]) -> list[Mail]:
    """Return the next email, if there is one. Its outcome will say why no email can be sent."""
    return [mail for mail in [next(source, None)] if mail is not None]


def _queue_id(reply: str) -> str:
    """Return the server's queue id of the email, which its log shows: "2.0.0 Ok: queued as 4F2A1B"."""
    return reply.rpartition("queued as ")[2].split()[0][:255] if "queued as " in reply else ""
