"""Ways out: each takes mails and tells, for each, what became of it.

A transport pulls mails when it can soon hand them over, since whether a limit lets them pass is asked when they are
pulled. Right before they can reach anybody it says so, and hears whose readers still want them. It raises nothing for
what a server says: that is an outcome. What ended together it tells together. While it waits it tells nothing, now and
then, so that its caller can keep the lease and stop in time.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.mail import EmailMessage

from digest.delivery.transports.outcomes import Outcome

HEARTBEAT = 0.5  # seconds after which a transport that waits says so


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready to be handed over.

    `message` is what the transport takes: bytes (RFC 5322, whole, lines end on CRLF, 7-bit, no line is a lone dot or
    begins with one) where it is `raw`, else a message of Django's.
    """

    delivery_id: int
    address: str
    sender: str  # of the envelope
    message: bytes | EmailMessage
    papers: Any = None  # what it holds, as `Delivery.papers` keeps it
    queued_at: dt.datetime | None = None  # known where keys are made of it
    call: str = ""  # the key of the call in which it may have been handed over before
    reader: str = ""  # their uid, in hexadecimal

    @property
    def about(self) -> dict[str, str]:
        """What a provider is to give back with each report: rows of other sites have the same numbers."""
        return {"delivery": str(self.delivery_id), "reader": self.reader}


class BeginCallback(Protocol):
    def __call__(self, mails: Sequence[Mail], call: str = "") -> list[Mail]:
        """These are about to leave, in the call of that key if it has one: those that shall."""
        ...


def begin_all(mails: Sequence[Mail], call: str = "") -> list[Mail]:
    return list(mails)


class Transport(Protocol):
    @property
    def name(self) -> str:
        """Of the provider that would take the next mail: limits go by it."""
        ...

    @property
    def raw(self) -> bool:
        """Whether it takes bytes."""
        ...

    def send(self, mails: Iterable[Mail | None], begin: BeginCallback = begin_all) -> Iterator[Sequence[Outcome]]:
        """Hand over each of `mails`; an outcome for each that was pulled, in any order, as soon as it is known.

        What `begin` leaves out is not handed over, and has no outcome. A None among the mails means that none may leave
        just now: what is in hand goes on, and after a moment the next is asked for. After an outcome STOPPED no further
        mail is pulled.
        """
        ...

    def close(self) -> None:
        """Let go of connections. A later `send` opens them anew."""
        ...
