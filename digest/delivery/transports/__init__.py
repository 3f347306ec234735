"""Transports. Each takes emails, hands them to a mail server or provider, and yields an outcome for each.

A transport pulls an email only when it can hand it over soon, because the rate limiter is consulted at that moment.
Just before emails can reach their readers it announces them, and gets back those that may still be sent. It raises
nothing for a server's reply: that becomes an outcome. Outcomes of one call are yielded together. While a transport
waits it yields empty sequences now and then, so that its caller can renew the lease and stop in time.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.mail import EmailMessage

from digest.delivery.transports.outcomes import Outcome

HEARTBEAT = 0.5  # seconds after which a waiting transport yields an empty sequence


@dataclass(frozen=True, slots=True)
class Mail:
    """One email, ready to be sent.

    `message` is bytes for a transport that is `raw`, otherwise a Django message. The bytes are a whole email (RFC 5322)
    in 7 bits, with lines that end with CRLF and do not begin with a dot.
    """

    delivery_id: int
    address: str
    sender: str  # the envelope sender
    message: bytes | EmailMessage
    papers: Any = None  # its papers, as `Delivery.papers` stores them
    queued_at: dt.datetime | None = None  # set if idempotency keys depend on it
    call: str = ""  # the idempotency key of the call that may have sent it before
    reader: str = ""  # the uid of the reader, in hexadecimal

    @property
    def about(self) -> dict[str, str]:
        """Metadata that a provider returns with each event. It names the reader: other sites use the same numbers."""
        return {"delivery": str(self.delivery_id), "reader": self.reader}


class BeginCallback(Protocol):
    """The callback that a transport calls just before it hands emails over."""

    def __call__(self, mails: Sequence[Mail], call: str = "") -> list[Mail]:
        """Announce emails before they are sent. Return those that may be. `call` is the idempotency key, if any."""
        ...


def begin_all(mails: Sequence[Mail], call: str = "") -> list[Mail]:
    """Let all emails be sent."""
    return list(mails)


class Transport(Protocol):
    """A way to hand emails over."""

    @property
    def name(self) -> str:
        """The provider that takes the next email. Rate limits depend on it."""
        ...

    @property
    def raw(self) -> bool:
        """Return whether it takes emails as bytes."""
        ...

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        """Send each of `mails`. Yield an outcome for each as soon as it is known, in any order.

        An email that `begin` leaves out is not sent and has no outcome. None instead of an email means that none may be
        sent just now: the transport continues with those it has, and asks again after a moment. After an outcome
        STOPPED it pulls no further email.
        """
        ...

    def close(self) -> None:
        """Close all connections. A later `send` opens new ones."""
        ...
